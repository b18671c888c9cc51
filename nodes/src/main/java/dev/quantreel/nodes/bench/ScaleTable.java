package dev.quantreel.nodes.bench;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerRelease;
import dev.quantreel.engines.evaluation.ScaleBenchmark;
import dev.quantreel.engines.evaluation.ScaleBenchmark.Passes;
import dev.quantreel.engines.evaluation.ScaleBenchmark.Precision;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.synth.SyntheticCheckpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// `quantreel bench wan13`: Wan 2.1 1.3B at its real size with random weights, in every precision: load, seconds
/// and
/// CPU-seconds of a pass, peak memory beside the plan. Each precision runs in a process of its own.
public final class ScaleTable implements Benchmark {

    static final LatentSize FIRST_STEP = new LatentSize(3, 32, 32);

    @Override
    public String name() {
        return "wan13";
    }

    @Override
    public String summary() {
        return "Wan 2.1 1.3B at real size: load, s/pass, memory  [--file FILE] [--tokens 390,1280,4096]"
                + " [--precisions fp32,W8A8,W4A8,W4A4] [--passes 3] [--threads 0]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        ScaleArguments given = ScaleArguments.of(arguments);
        if (given.child()) {
            child(given, out);
            return 0;
        }
        Path file =
                given.file().isPresent() ? given.file().get() : folders.cache().resolve("bench-wan13.safetensors");
        try {
            if (given.file().isEmpty()) {
                synthesize(file);
            } else {
                requireTransformer(file);
            }
            List<ScaleReport> reports = new ArrayList<>();
            for (Precision precision : given.precisions()) {
                System.err.println("running " + precision + " in a process of its own");
                reports.add(ScaleReport.parse(precision, ChildProcess.run(name(), given.forChild(precision, file))));
            }
            ScaleReport.print(reports, out);
            return 0;
        } finally {
            if (given.file().isEmpty()) {
                Files.deleteIfExists(file);
            }
        }
    }

    static void synthesize(Path file) throws IOException {
        TransformerRelease release = TransformerRelease.named("wan-t2v-1.3b");
        System.err.println("writing " + file + " (2.8 GB, removed afterwards; --file FILE takes your own)");
        Files.createDirectories(file.toAbsolutePath().getParent());
        SyntheticCheckpoint.of(
                        release.family(),
                        release.architecture(),
                        new SyntheticCheckpoint.Options("original", DType.BF16, 0, 0))
                .write(file, bytes -> {}, CancellationToken.NONE);
    }

    /// Refuses a file before a process is started for it.
    private static void requireTransformer(Path path) {
        try (CheckpointFile file = CheckpointFiles.open(path)) {
            TransformerCheckpoint.of(file);
        }
    }

    /// Measures one precision and prints figures, one `name value` a line.
    private static void child(ScaleArguments given, PrintStream out) {
        Precision precision = given.precisions().getFirst();
        try (Engine engine = new OrtEngineProvider().create(new EngineOptions(given.threads()));
                CheckpointFile file = CheckpointFiles.open(given.file().orElseThrow());
                ScaleBenchmark benchmark = ScaleBenchmark.open(engine, file, precision, CancellationToken.NONE)) {
            line(out, "engine", engine.description());
            line(out, "load", number(benchmark.loadSeconds()));
            line(out, "plan", plan(file, precision));
            Passes steps = benchmark.guidedSteps(FIRST_STEP, 1 + given.passes(), CancellationToken.NONE);
            line(out, "first", number(steps.seconds().getFirst()));
            report(out, steps.withoutFirst());
            for (int tokens : given.tokens()) {
                int passes = tokens > 2000 ? 1 : given.passes();
                report(
                        out,
                        benchmark.run(
                                ScaleArguments.size(tokens), tokens > 2000 ? 0 : 1, passes, CancellationToken.NONE));
            }
        }
    }

    /// Megabytes of the generation that is measured first.
    private static String plan(CheckpointFile file, Precision precision) {
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
        MemoryPlan plan = MemoryPlan.of(
                checkpoint.architecture(), checkpoint, precision.plan(), new MemoryPlan.Workload(FIRST_STEP, 2));
        System.err.println(precision + " plan " + plan.describe());
        return String.format(Locale.ROOT, "%.0f", plan.totalBytes() / 1e6);
    }

    private static void report(PrintStream out, Passes passes) {
        line(
                out,
                "pass",
                passes.tokens() + " " + passes.memory().peakBytes() + " " + numbers(passes.seconds()) + " "
                        + numbers(passes.cpuSeconds()));
    }

    private static String numbers(List<Double> values) {
        return String.join(",", values.stream().map(ScaleTable::number).toList());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private static void line(PrintStream out, String name, String value) {
        out.println(ScaleReport.MARK + name + " " + value);
    }
}
