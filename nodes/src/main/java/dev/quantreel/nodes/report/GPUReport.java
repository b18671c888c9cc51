package dev.quantreel.nodes.report;

import dev.quantreel.engines.gpu.GpuDetection;
import dev.quantreel.engines.gpu.GpuReport;
import dev.quantreel.engines.gpu.GpuReportText;
import dev.quantreel.engines.gpu.LiveMemory;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import java.util.function.Supplier;

/// Shows what this machine has of NVIDIA's.
@NodeType(
        id = "GPUReport",
        title = "GPU Report",
        category = "report",
        description = "Tells which NVIDIA GPUs this machine has, what they multiply natively (4-bit and 8-bit integers,"
                + " FP8, FP4), how much memory is free, which of driver, CUDA, cuDNN, NVRTC and TensorRT is there"
                + " in a version that fits, and which of ONNX Runtime's execution providers load; for what is missing"
                + " the reason and what to install. The libraries are tried"
                + " in a process of their own, once per start of the server. Without a GPU workflows run on the"
                + " processor.",
        output = true,
        cacheable = false,
        aliases = {"CUDA", "NVIDIA", "TensorRT", "ONNX Runtime", "VRAM", "driver", "doctor"})
public final class GPUReport implements Node<GPUReport.Inputs, GPUReport.Outputs> {

    /// See [GPUReport].
    public record Inputs() {}

    /// See [GPUReport].
    public record Outputs(
            @Out(help = "The table.") String report,

            @Out(help = "Number of GPUs; 0 where there is none, or no driver that works.")
            int gpus) {}

    private final Supplier<GpuReport> detection;

    public GPUReport() {
        this(GpuDetection::report);
    }

    GPUReport(Supplier<GpuReport> detection) {
        this.detection = detection;
    }

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        context.status("asking for GPUs");
        GpuReport found = detection.get();
        GpuReport report = LiveMemory.of(found).refresh(found);
        String table = GpuReportText.table(report);
        context.show(new UiItem.Text(table));
        return new Outputs(table, report.gpus().size());
    }
}
