package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What every weight quantizer must stand, whatever it is given.
class WeightQuantizerTest {

    private static final RowTasks ONE_THREAD = new RowTasks(1, CancellationToken.NONE);

    static Stream<WeightPlan> plans() {
        return Stream.of(
                        new WeightQuantizer.MinMax(),
                        new WeightQuantizer.Symmetric(),
                        new WeightQuantizer.Symmetric(true),
                        new WeightQuantizer.ClipSearch(),
                        new WeightQuantizer.ClipSearch(2),
                        new WeightQuantizer.Pbq(),
                        new WeightQuantizer.Bgr(),
                        new WeightQuantizer.Hqq(),
                        new WeightQuantizer.LloydMaxRows())
                .flatMap(by -> Stream.of(
                        new WeightPlan(by, 4),
                        new WeightPlan(by, 4, new Granularity.PerGroup(32)),
                        new WeightPlan(by, 2)));
    }

    private static QuantizedMatrix quantized(WeightPlan plan, int columns, float... values) {
        Tensor tensor = Tensor.of(Shape.of(values.length / columns, columns), values);
        return QuantizedMatrix.of(WeightMatrix.of("blocks.0.ffn.2.weight", tensor), plan, ONE_THREAD);
    }

    @ParameterizedTest
    @MethodSource("plans")
    void zeroRowsStayZeroAndConstantRowsKeepTheirSignAndSize(WeightPlan plan) {
        float[] values = new float[3 * 64];
        Arrays.fill(values, 64, 128, 0.5f);
        Arrays.fill(values, 128, 192, -3e-3f);
        QuantizedMatrix q = quantized(plan, 64, values);
        boolean hasZero = !(plan.quantizer() instanceof WeightQuantizer.LloydMaxRows);
        for (int i = 0; i < 64; i++) {
            // A codebook without 0 has no exact zero row; its row is as small as can be stored.
            assertThat(Math.abs(q.value(0, i))).isLessThan(hasZero ? Float.MIN_NORMAL : 1e-30f);
            assertThat(q.value(1, i)).isCloseTo(0.5f, within(0.25f));
            assertThat(q.value(2, i)).isCloseTo(-3e-3f, within(1.6e-3f));
        }
        assertThat(q.error().mse()).isFinite();
    }

    @ParameterizedTest
    @MethodSource("plans")
    void layersOfOneColumnAndOneRowAreQuantized(WeightPlan plan) {
        QuantizedMatrix column = quantized(plan, 1, 0.25f, -4, 0, 1e-3f);
        assertThat(column.columns()).isEqualTo(1);
        assertThat(column.value(0, 0)).isCloseTo(0.25f, within(0.13f));
        assertThat(column.value(1, 0)).isCloseTo(-4, within(2f));
        assertThat(quantized(plan, 32, SyntheticData.gaussian(32, 1, 3)).rows()).isEqualTo(1);
    }

    @ParameterizedTest
    @MethodSource("plans")
    void nanAndInfinityAreNamedWithTheirPlace(WeightPlan plan) {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            String word = String.valueOf(bad).replace("Infinity", "infinity");
            float[] values = SyntheticData.gaussian(4 * 64, 1, 1);
            values[2 * 64 + 5] = bad;
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> quantized(plan, 64, values))
                    .withMessageContaining("blocks.0.ffn.2.weight holds " + word + " in row 2, column 5");
        }
    }

    @ParameterizedTest
    @MethodSource("plans")
    void hugeAndTinyWeightsStayFinite(WeightPlan plan) {
        for (float size : new float[] {1e-38f, 1e-30f, 1e30f, 1e35f}) {
            float[] values = SyntheticData.gaussian(2 * 64, 1, 1);
            for (int i = 0; i < values.length; i++) {
                values[i] *= size;
            }
            QuantizedMatrix q = quantized(plan, 64, values);
            for (int i = 0; i < values.length; i++) {
                assertThat(q.value(i / 64, i % 64)).isFinite();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 1, 9, 16})
    void bitsOutsideTwoToEightAreRefused(int bits) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightPlan(new WeightQuantizer.Bgr(), bits))
                .withMessage("weight bits is " + bits + "; 2 to 8 are accepted");
    }

    @Test
    void whatAMethodDoesNotOfferIsSaidWithWhatItDoes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightPlan(new WeightQuantizer.LloydMaxRows(), 8))
                .withMessageContaining("2 to 6 bits, weight bits is 8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightPlan(new WeightQuantizer.Hqq(), 4, new Granularity.GroupMultiples(64)))
                .withMessageContaining("use PerGroup or PerRow");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightPlan(new WeightQuantizer.Hqq(), 4, new Granularity.PerTensor()))
                .withMessageContaining("for MinMax and Symmetric");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightQuantizer.ClipSearch(Double.NaN))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightQuantizer.Hqq(0.7, -1, 1.01, 20))
                .withMessageContaining("beta > 0");
    }

    /// Errors of weights against that of MinMax with the same grids.
    @Test
    void everyMethodBeatsMinMaxOnGaussianRows() {
        float[] values = SyntheticData.gaussian(32 * 1024, 0.04, 7);
        for (int bits : new int[] {3, 4}) {
            double minMax = quantized(new WeightPlan(new WeightQuantizer.MinMax(), bits), 1024, values)
                    .error()
                    .mse();
            for (WeightQuantizer by : new WeightQuantizer[] {
                new WeightQuantizer.ClipSearch(),
                new WeightQuantizer.Symmetric(true),
                new WeightQuantizer.Bgr(),
                new WeightQuantizer.LloydMaxRows()
            }) {
                double error = quantized(new WeightPlan(by, bits), 1024, values)
                        .error()
                        .mse();
                assertThat(error).as("%s, %s bits", by, bits).isLessThan(0.75 * minMax);
            }
            double hqq = quantized(new WeightPlan(new WeightQuantizer.Hqq(), bits), 1024, values)
                    .error()
                    .mse();
            assertThat(hqq).as("its step is that of MinMax").isLessThan(minMax);
        }
    }
}
