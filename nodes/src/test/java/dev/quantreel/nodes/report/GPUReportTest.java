package dev.quantreel.nodes.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.gpu.Component;
import dev.quantreel.engines.gpu.Finding;
import dev.quantreel.engines.gpu.Gpu;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.testing.TestContext;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GPUReportTest {

    private static final Finding MISSING = new Finding.Missing("not there", "install it");

    private static GpuReport report(List<Gpu> gpus, Finding driver) {
        return new GpuReport(
                gpus,
                Stream.of(Component.values())
                        .map(component ->
                                new GpuReport.Part(component, component == Component.DRIVER ? driver : MISSING))
                        .toList());
    }

    private static GPUReport.Outputs run(GpuReport report, TestContext context) {
        return new GPUReport(() -> report).run(new GPUReport.Inputs(), context);
    }

    @Test
    void aGpuIsShownWithWhatItCan(@TempDir Path root) {
        Gpu gpu = new Gpu(
                0,
                "NVIDIA GeForce RTX 4090",
                new ComputeCapability(8, 9),
                24L << 30,
                OptionalLong.of(20L << 30),
                Optional.empty(),
                Optional.empty());
        TestContext context = TestContext.in(root);
        GPUReport.Outputs out = run(report(List.of(gpu), new Finding.Found("13.0", "/lib/libcuda.so.1")), context);

        assertThat(out.gpus()).isEqualTo(1);
        assertThat(out.report())
                .contains("ok  0: NVIDIA GeForce RTX 4090, compute capability 8.9, 24576 MiB, 20480 MiB free")
                .contains("native products of int4, int8, bf16, fp8")
                .contains("ok  own kernels: can run here")
                .contains("no  TensorRT: not there; install it")
                .contains("no  TensorRT engines: cannot run here, for want of CUDA runtime, cuBLAS, cuDNN, NVRTC");
        assertThat(context.shown()).containsExactly(new UiItem.Text(out.report()));
    }

    @Test
    void withoutADriverTheReasonIsShown(@TempDir Path root) {
        GPUReport.Outputs out = run(report(List.of(), MISSING), TestContext.in(root));

        assertThat(out.gpus()).isZero();
        assertThat(out.report())
                .contains("no  NVIDIA driver: not there; install it")
                .contains("no  own kernels: cannot run here, for want of NVIDIA driver");
    }
}
