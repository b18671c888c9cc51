package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SymmetricMatrixTest {

    private static final int ROWS = 33;
    private static final int COLUMNS = 256;

    private static Tensor gaussian(double tail) {
        Random random = new Random(11);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() * (random.nextInt(200) == 0 ? tail : 1));
        }
        return Tensor.of(Shape.of(ROWS, COLUMNS), values);
    }

    private static SymmetricMatrix quantize(Tensor weights, int bits, int threads) {
        return SymmetricMatrix.of(
                WeightMatrix.of("w.weight", weights), bits, new RowTasks(threads, CancellationToken.NONE));
    }

    @ParameterizedTest
    @CsvSource({"4, 1", "4, 6", "8, 1", "8, 6"})
    void searchNeverLosesToTheLargestAbsoluteWeightAndGainsAtFourBits(int bits, double tail) {
        QuantizationError error = quantize(gaussian(tail), bits, 1).error();

        assertThat(error.errorStd()).isLessThanOrEqualTo(error.minMaxErrorStd());
        assertThat(error.stdReduction()).isGreaterThan(bits == 4 ? 0.05 : -1e-9);
        assertThat(error.relativeMse()).isLessThan(bits == 4 ? 0.04 : 3e-4);
    }

    @Test
    void fourBitsOfAGaussianReachTheBestUniformGrid() {
        // The least relative error of 15 symmetric levels on a Gaussian is 0.0119; a short row overfits its step a
        // little.
        assertThat(quantize(gaussian(1), 4, 1).error().relativeMse()).isBetween(0.009, 0.0135);
    }

    @Test
    void threadsDoNotChangeTheResult() {
        SymmetricMatrix one = quantize(gaussian(3), 4, 1);
        SymmetricMatrix four = quantize(gaussian(3), 4, 4);

        assertThat(four.codes().data().mismatch(one.codes().data())).isEqualTo(-1);
        assertThat(four.steps().data().mismatch(one.steps().data())).isEqualTo(-1);
        assertThat(four.error()).isEqualTo(one.error());
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 8})
    void rowsOfZerosAndOfOneValueAreExact(int bits) {
        float[] values = new float[2 * COLUMNS];
        Arrays.fill(values, COLUMNS, values.length, -0.37f);

        SymmetricMatrix matrix = quantize(Tensor.of(Shape.of(2, COLUMNS), values), bits, 1);

        assertThat(matrix.error().mse()).isLessThan(1e-14);
        assertThat(matrix.codes().data().get(ValueLayout.JAVA_BYTE, 0)).isZero();
        assertThat(matrix.steps().toFloatArray()).doesNotContain(0f, Float.NaN);
    }

    @Test
    void otherBitsAndOddWidthsAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> quantize(gaussian(1), 5, 1))
                .withMessageContaining("4 or 8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> quantize(Tensor.zeros(DType.F32, Shape.of(2, 3)), 4, 1))
                .withMessageContaining("w.weight")
                .withMessageContaining("even");
    }
}
