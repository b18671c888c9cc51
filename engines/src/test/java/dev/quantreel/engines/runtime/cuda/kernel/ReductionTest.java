package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReductionTest {

    private KernelBench bench;
    private Reduction reduction;

    @BeforeEach
    void start() {
        bench = new KernelBench();
        reduction = new Reduction(bench.kernels());
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    @ParameterizedTest(name = "{0} of [{1}, {2}, {3}] along the middle")
    @CsvSource({
        "Sum, 3, 700, 1",
        "Mean, 2, 5, 300",
        "Max, 4, 1, 1",
        "Max, 1, 513, 7",
        "Min, 2, 300, 1",
        "L2, 2, 31, 1",
        "L2, 2, 31, 3",
    })
    void reductionsAreWhatLoopsGive(Reduction.Kind kind, int outer, int length, int inner) {
        float[] x = KernelBench.gaussian(5, outer * length * inner);
        DeviceArray out = bench.empty(DType.F32, outer, inner);

        reduction.launch(bench.stream(), kind, new Reduction.Input(bench.of(x, outer, length, inner), 1, 2), out);

        float[] result = bench.floats(out);
        for (int i = 0; i < result.length; i++) {
            double sum = 0;
            double squares = 0;
            float most = Float.NEGATIVE_INFINITY;
            float least = Float.POSITIVE_INFINITY;
            for (int j = 0; j < length; j++) {
                float v = x[(i / inner * length + j) * inner + i % inner];
                sum += v;
                squares += (double) v * v;
                most = Math.max(most, v);
                least = Math.min(least, v);
            }
            switch (kind) {
                case Sum -> assertThat(result[i]).isCloseTo((float) sum, within(1e-4f));
                case Mean -> assertThat(result[i]).isCloseTo((float) (sum / length), within(1e-6f));
                case Max -> assertThat(result[i]).isEqualTo(most);
                case Min -> assertThat(result[i]).isEqualTo(least);
                case L2 -> assertThat(result[i]).isCloseTo((float) Math.sqrt(squares), within(1e-5f));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 31, 256, 1000})
    void softmaxOfARowSumsToOneWhateverTheLargestIs(int length) {
        float[] x = KernelBench.gaussian(5, 2 * length);
        for (int i = 0; i < length; i++) {
            x[i] += 1000;
        }
        DeviceArray in = bench.of(x, 2, length);

        reduction.softmax(bench.stream(), in, in);

        float[] result = bench.floats(in);
        for (int row = 0; row < 2; row++) {
            double total = 0;
            for (int i = 0; i < length; i++) {
                total += Math.exp(x[row * length + i] - x[row * length]);
            }
            for (int i = 0; i < length; i++) {
                double expected = Math.exp(x[row * length + i] - x[row * length]) / total;
                assertThat((double) result[row * length + i]).isCloseTo(expected, within(1e-6 + 1e-4 * expected));
            }
        }
    }

    @Test
    void aRowThatIsMaskedWholeBecomesZeros() {
        DeviceArray in = bench.of(new float[] {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, 0, 0}, 2, 2);

        reduction.softmax(bench.stream(), in, in);

        assertThat(bench.floats(in)).containsExactly(0, 0, 0.5f, 0.5f);
    }
}
