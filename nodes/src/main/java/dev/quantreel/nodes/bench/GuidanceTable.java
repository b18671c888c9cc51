package dev.quantreel.nodes.bench;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.evaluation.ScaleBenchmark;
import dev.quantreel.engines.evaluation.ScaleBenchmark.GuidedSteps;
import dev.quantreel.engines.evaluation.ScaleBenchmark.Precision;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.Guidance;
import dev.quantreel.nodes.spi.Benchmark;
import dev.quantreel.nodes.spi.NodeFolders;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// `quantreel bench guidance`: a guided step of Wan 2.1 1.3B at its real size, both branches in one pass and one after
/// the other, in CPU-seconds of one run.
public final class GuidanceTable implements Benchmark {

    @Override
    public String name() {
        return "guidance";
    }

    @Override
    public String summary() {
        return "guidance in one pass or two, Wan 2.1 1.3B at real size: CPU-s per step  [--file FILE]"
                + " [--precisions W4A8,...] [--tokens 96,...] [--passes 3] [--threads 0]";
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        ScaleArguments given = ScaleArguments.of(withTokens(arguments));
        Path file =
                given.file().isPresent() ? given.file().get() : folders.temp().resolve("bench-wan13.safetensors");
        try (Engine engine = new OrtEngineProvider().create(new EngineOptions(given.threads()))) {
            if (given.file().isEmpty()) {
                ScaleTable.synthesize(file);
            }
            out.printf(
                    "%s; Java %s, %d processors; one guided step, 768 tokens are 256 x 256 x 9%n%n",
                    engine.description(),
                    Runtime.version(),
                    Runtime.getRuntime().availableProcessors());
            out.println(
                    "| precision | tokens | CPU-s in two passes | CPU-s in one | one / two | spread | peak MB in one | plan MB |");
            out.println("|---|---|---|---|---|---|---|---|");
            for (Precision precision : given.precisions()) {
                System.err.println("running " + precision);
                rows(engine, file, precision, given).forEach(out::println);
            }
            out.println(
                    "\nmedians of the repetitions, taken in turns; spread: of the ratio over the repetitions; peak: VmHWM"
                            + " of the process, that of the first row alone is its own.");
            return 0;
        } finally {
            if (given.file().isEmpty()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /// Without further token counts, unless some are asked for.
    private static List<String> withTokens(List<String> arguments) {
        return arguments.contains("--tokens")
                ? arguments
                : Stream.concat(arguments.stream(), Stream.of("--tokens", "")).toList();
    }

    private static List<String> rows(Engine engine, Path path, Precision precision, ScaleArguments given) {
        CancellationToken none = CancellationToken.NONE;
        List<String> rows = new ArrayList<>();
        try (CheckpointFile file = CheckpointFiles.open(path);
                ScaleBenchmark benchmark =
                        ScaleBenchmark.open(engine, file, precision, Guidance.Passes.BATCHED, none)) {
            TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
            Stream<LatentSize> sizes = Stream.concat(
                    Stream.of(ScaleTable.FIRST_STEP), given.tokens().stream().map(ScaleArguments::size));
            for (LatentSize size : sizes.toList()) {
                MemoryPlan plan = MemoryPlan.of(
                        checkpoint.architecture(),
                        checkpoint,
                        precision.plan(),
                        new MemoryPlan.Workload(size, 2).batched());
                GuidedSteps steps = benchmark.guided(size, given.passes(), none);
                rows.add(row(precision, MemoryPlan.tokens(checkpoint.facts(), size), steps, plan));
            }
        }
        return rows;
    }

    private static String row(Precision precision, long tokens, GuidedSteps steps, MemoryPlan plan) {
        double serial = median(steps.serialCpu());
        double batched = median(steps.batchedCpu());
        return String.format(
                Locale.ROOT,
                "| %s | %d | %.2f | %.2f | %.3f | %s | %.0f | %.0f |",
                precision,
                tokens,
                serial,
                batched,
                batched / serial,
                ratios(steps),
                steps.batchedPeakBytes() / 1e6,
                plan.totalBytes() / 1e6);
    }

    private static String ratios(GuidedSteps steps) {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (int i = 0; i < steps.serialCpu().size(); i++) {
            double ratio = steps.batchedCpu().get(i) / steps.serialCpu().get(i);
            least = Math.min(least, ratio);
            most = Math.max(most, ratio);
        }
        return String.format(Locale.ROOT, "%.3f to %.3f", least, most);
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return (sorted.get((sorted.size() - 1) / 2) + sorted.get(sorted.size() / 2)) / 2;
    }
}
