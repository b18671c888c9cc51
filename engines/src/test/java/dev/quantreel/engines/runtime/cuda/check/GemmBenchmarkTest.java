package dev.quantreel.engines.runtime.cuda.check;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.StubLibrary;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GemmBenchmarkTest {

    private static final long MEMORY_BYTES = 1L << 30;

    @ParameterizedTest(name = "{0}.{1}")
    @CsvSource({
        "8, 0, qr_gemm_s8s4 qr_gemm_s8s8 qr_gemm_s4s4",
        "9, 0, qr_gemm_wgmma_s8s4 qr_gemm_wgmma_s8s8 qr_gemm_s8s4",
        "12, 0, qr_gemm_s8s4 qr_gemm_s8s8"
    })
    void everyKernelOfTheChipIsTimedAndItsSumsAreCompared(int major, int minor, String kernels) {
        GemmBenchmark.Shape shape = new GemmBenchmark.Shape(140, 160, 72);
        try (HostSimulator gpu = HostSimulator.start(major, minor, MEMORY_BYTES)) {
            List<GemmBenchmark.Row> rows = new GemmBenchmark(gpu.kernels(), 2).run(List.of(shape));

            assertThat(rows).extracting(GemmBenchmark.Row::kernel).containsExactly(kernels.split(" "));
            assertThat(rows).allMatch(GemmBenchmark.Row::exact).allMatch(row -> row.millis() > 0);
            assertThat(GemmBenchmark.table(rows))
                    .contains("140 x 160 -> 72", "right")
                    .doesNotContain("WRONG");
            assertThat(gpu.liveAllocations()).isZero();
        }
    }

    @Test
    void wrongSumsAreNotCalledRight() {
        GemmBenchmark.Shape shape = new GemmBenchmark.Shape(7, 32, 3);
        try (HostSimulator gpu = HostSimulator.start();
                CudaStream stream = gpu.context().newStream();
                DeviceMemory sums = stream.allocate(4L * 7 * 3)) {
            stream.fillWords(sums.span(), 1);

            assertThat(new SampleData(stream, shape).equalSums(sums.span(), 8, 4))
                    .isFalse();
        }
    }

    /// The stub multiplies as cuBLAS is documented to, by columns: arguments in a wrong order give wrong sums.
    @Test
    void cublasIsMeasuredFirstInBf16AndS8(@TempDir Path folder) throws IOException, InterruptedException {
        Path library = StubLibrary.compile("cublas.c", folder.resolve("libcublas.so.13"));
        GemmBenchmark.Shape shape = new GemmBenchmark.Shape(150, 96, 40);
        try (HostSimulator gpu = HostSimulator.start();
                CublasProduct cublas = CublasProduct.open(List.of("libnothing.so.1", library.toString()))
                        .orElseThrow()) {
            List<GemmBenchmark.Row> rows = new GemmBenchmark(gpu.kernels(), Optional.of(cublas), 1).run(List.of(shape));

            assertThat(rows)
                    .extracting(GemmBenchmark.Row::kernel)
                    .containsExactly("cublas bf16", "cublas s8", "qr_gemm_s8s4", "qr_gemm_s8s8", "qr_gemm_s4s4");
            assertThat(rows).allMatch(GemmBenchmark.Row::exact);
        }
    }

    @Test
    void withoutCublasThereIsNoBaseline() {
        assertThat(CublasProduct.open(List.of("libnothing.so.1"))).isEmpty();
    }

    @Test
    void operationsCountMultiplicationsAndAdditions() {
        GemmBenchmark.Shape shape = new GemmBenchmark.Shape(1000, 2000, 3000);

        assertThat(new GemmBenchmark.Row(shape, "k", 2, true).tops()).isEqualTo(6);
    }
}
