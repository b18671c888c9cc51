package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.tensor.DType;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MatMulTest {

    private KernelBench bench;
    private MatMul products;

    @BeforeEach
    void start() {
        bench = new KernelBench();
        products = new MatMul(bench.kernels());
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    @ParameterizedTest(name = "{0} x {2} times {2} x {1}, transposed {3}")
    @CsvSource({
        "1, 1, 1, false",
        "65, 63, 17, false",
        "64, 64, 16, true",
        "3, 130, 100, true",
        "1, 96, 256, true",
    })
    void floatsAreSummedInOrderWithOneRoundingPerStep(int m, int n, int k, boolean transposed) {
        float[] a = KernelBench.gaussian(1, m * k);
        float[] b = KernelBench.gaussian(2, n * k);
        float[] bias = KernelBench.gaussian(3, n);
        DeviceArray out = bench.empty(DType.F32, m, n);
        Optional<DeviceArray> added = Optional.of(bench.of(bias, n));

        if (transposed) {
            products.linearF32(bench.stream(), bench.of(a, m, k), bench.of(b, n, k), added, out);
        } else {
            products.f32(bench.stream(), bench.of(a, m, k), bench.of(b, k, n), added, out);
        }

        float[] result = bench.floats(out);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                float sum = 0;
                for (int l = 0; l < k; l++) {
                    sum = Math.fma(a[i * k + l], transposed ? b[j * k + l] : b[l * n + j], sum);
                }
                assertThat(result[i * n + j]).isEqualTo(sum + bias[j]);
            }
        }
    }

    @Test
    void batchesBroadcast() {
        float[] a = KernelBench.gaussian(1, 2 * 3 * 4 * 5);
        float[] b = KernelBench.gaussian(2, 3 * 5 * 6);
        DeviceArray out = bench.empty(DType.F32, 2, 3, 4, 6);

        products.f32(bench.stream(), bench.of(a, 2, 3, 4, 5), bench.of(b, 1, 3, 5, 6), Optional.empty(), out);

        float[] result = bench.floats(out);
        for (int at = 0; at < result.length; at++) {
            int column = at % 6;
            int row = at / 6;
            int matrix = row / 4 % 3;
            float sum = 0;
            for (int l = 0; l < 5; l++) {
                sum = Math.fma(a[row * 5 + l], b[(matrix * 5 + l) * 6 + column], sum);
            }
            assertThat(result[at]).isEqualTo(sum);
        }
    }

    @ParameterizedTest(name = "{0} x {2} times {2} x {1} to {3}")
    @CsvSource({"1, 1, 8, F32", "130, 129, 72, F32", "128, 128, 32, BF16", "5, 300, 200, BF16"})
    void bfloatsAreMultipliedExactlyAndSummedInFloats(int m, int n, int k, DType type) {
        float[] a = KernelBench.narrow(KernelBench.gaussian(1, m * k));
        float[] b = KernelBench.narrow(KernelBench.gaussian(2, n * k));
        float[] bias = KernelBench.gaussian(3, n);
        DeviceArray out = bench.empty(type, m, n);

        products.linearBf16(
                bench.stream(), bench.bf16(a, m, k), bench.bf16(b, n, k), Optional.of(bench.of(bias, n)), out);

        float[] result = bench.floats(out);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = bias[j];
                double size = Math.abs(bias[j]);
                for (int l = 0; l < k; l++) {
                    sum += (double) a[i * k + l] * b[j * k + l];
                    size += Math.abs((double) a[i * k + l] * b[j * k + l]);
                }
                double rounding = type == DType.BF16 ? Math.abs(sum) / 256 : 0;
                assertThat((double) result[i * n + j]).isCloseTo(sum, within(size * 1e-6 + rounding));
            }
        }
    }

    @Test
    void whatTensorCoresCannotReadIsRefused() {
        DeviceArray x = bench.empty(DType.BF16, 2, 12);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> products.linearBf16(
                        bench.stream(),
                        x,
                        bench.empty(DType.BF16, 3, 12),
                        Optional.empty(),
                        bench.empty(DType.F32, 2, 3)))
                .withMessageContaining("12 columns")
                .withMessageContaining("multiple of 8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> products.f32(
                        bench.stream(),
                        bench.empty(DType.F32, 2, 3),
                        bench.empty(DType.F32, 4, 2),
                        Optional.empty(),
                        bench.empty(DType.F32, 2, 2)))
                .withMessageContaining("the product of [2x3] and [4x2] is not [2x2]");
    }
}
