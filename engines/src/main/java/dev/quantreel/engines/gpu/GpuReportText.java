package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.djl.OrtProviders;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/// A [GpuReport] as lines for people.
public final class GpuReportText {

    private static final long MIB = 1 << 20;

    private GpuReportText() {}

    /// A line of the report.
    ///
    /// @param good whether what it says can be used
    /// @param text for people
    public record Line(boolean good, String text) {}

    /// The report, the most important line first: GPUs, what they can be used for, then the parts.
    public static List<Line> lines(GpuReport report) {
        List<Line> lines = new ArrayList<>();
        report.gpus().forEach(gpu -> lines.add(new Line(true, gpu(gpu))));
        for (GpuReport.Part part : report.parts()) {
            lines.add(new Line(part.finding().fits(), part.component().title() + ": " + finding(part.finding())));
        }
        report.providers().ifPresent(providers -> providers(providers, lines));
        if (!report.parts().isEmpty()) {
            lines.add(use("own kernels", report, GpuReport.Use.KERNELS));
            lines.add(use("TensorRT engines", report, GpuReport.Use.TENSORRT));
        }
        return lines;
    }

    private static void providers(OrtProviders providers, List<Line> lines) {
        lines.add(new Line(
                providers.loads(),
                providers.loads()
                        ? "ONNX Runtime: " + providers.version() + ", built with "
                                + String.join(", ", new TreeSet<>(providers.compiled()))
                        : "ONNX Runtime: " + providers.version()));
        providers
                .gpu()
                .forEach(provider -> lines.add(new Line(
                        provider.obstacle().isEmpty(),
                        provider.title() + ": " + provider.obstacle().orElse("loads"))));
    }

    private static Line use(String what, GpuReport report, GpuReport.Use use) {
        Optional<String> obstacle = report.obstacle(use);
        return new Line(obstacle.isEmpty(), what + ": " + (obstacle.isEmpty() ? "can run here" : lacking(report, use)));
    }

    private static String lacking(GpuReport report, GpuReport.Use use) {
        List<String> titles = report.lacking(use).stream().map(Component::title).toList();
        return "cannot run here, for want of " + (titles.isEmpty() ? "a GPU" : String.join(", ", titles));
    }

    private static String gpu(Gpu gpu) {
        String memory = gpu.freeMemoryBytes().isPresent()
                ? ", " + gpu.freeMemoryBytes().getAsLong() / MIB + " MiB free"
                : gpu.memoryProblem()
                        .map(problem -> ", what is free is not known: " + problem)
                        .orElse("");
        return "%d: %s, compute capability %s, %d MiB%s; native products of %s"
                .formatted(
                        gpu.index(), gpu.name(), gpu.capability(), gpu.totalMemoryBytes() / MIB, memory, gpu.formats());
    }

    private static String finding(Finding finding) {
        return switch (finding) {
            case Finding.Found(String version, String path) -> version + place(path);
            case Finding.Unfit(String version, String path, String reason, String remedy) ->
                version + place(path) + ", " + reason + "; " + remedy;
            case Finding.Missing(String reason, String remedy) -> reason + "; " + remedy;
            case Finding.Broken(String reason, String remedy) -> reason + "; " + remedy;
        };
    }

    private static String place(String path) {
        return path.isEmpty() ? "" : " (" + path + ")";
    }

    /// The report as one text, a line each, marked `ok` or `no`.
    public static String table(GpuReport report) {
        StringBuilder text = new StringBuilder();
        for (Line line : lines(report)) {
            text.append(line.good() ? "ok  " : "no  ").append(line.text()).append('\n');
        }
        return text.toString().stripTrailing();
    }
}
