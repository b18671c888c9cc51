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
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// `quantreel bench memory`: the memory plan beside the measured peak, for models of real width and few blocks with
/// random weights. Every row runs in a process of its own.
public final class MemoryTable implements Benchmark {

    private static final String CHILD = "--child";

    @Override
    public String name() {
        return "memory";
    }

    @Override
    public String summary() {
        return "the memory plan beside the measured peak, models of real width  [--models"
                + " wan-t2v-1.3b:3,ltx-video-2b:4] [--tokens 768,4096] [--precisions FP32,W4A8]";
    }

    /// @param model a release
    /// @param layers blocks of each kind; 0 for all
    private record Entry(String model, int layers) {

        static Entry of(String text) {
            String[] parts = text.split(":", 2);
            if (parts.length == 2 && !parts[1].matches("\\d{1,3}")) {
                throw new IllegalArgumentException(
                        "bench memory: --models has '" + text + "'; accepted are names such as ltx-video-2b:4");
            }
            return new Entry(
                    TransformerRelease.named(parts[0]).name(), parts.length == 2 ? Integer.parseInt(parts[1]) : 0);
        }
    }

    /// @param models to write and measure
    private record Arguments(List<Entry> models, List<Integer> tokens, List<Precision> precisions) {

        static Arguments of(List<String> given) {
            String models = "wan-t2v-1.3b:3,wan2.2-ti2v-5b:3,ltx-video-2b:4,cogvideox-2b:4,hunyuan-video:2";
            String tokens = "768,4096";
            String precisions = "FP32,W4A8";
            for (int i = 0; i < given.size(); i += 2) {
                String value = i + 1 < given.size() ? given.get(i + 1) : "";
                switch (given.get(i)) {
                    case "--models" -> models = value;
                    case "--tokens" -> tokens = value;
                    case "--precisions" -> precisions = value;
                    default ->
                        throw new IllegalArgumentException(
                                "bench memory: '" + given.get(i) + "' is not one of --models, --tokens, --precisions");
                }
            }
            return new Arguments(
                    words(models).stream().map(Entry::of).toList(),
                    words(tokens).stream().map(MemoryTable::number).toList(),
                    words(precisions).stream().map(Precision::of).toList());
        }
    }

    private static List<String> words(String list) {
        return Arrays.stream(list.split(",", -1))
                .filter(word -> !word.isBlank())
                .toList();
    }

    private static int number(String word) {
        if (!word.matches("[1-9]\\d{0,5}")) {
            throw new IllegalArgumentException("bench memory: --tokens has '" + word + "'; accepted are numbers");
        }
        return Integer.parseInt(word);
    }

    @Override
    public int run(List<String> arguments, NodeFolders folders, PrintStream out) throws Exception {
        if (!arguments.isEmpty() && arguments.getFirst().equals(CHILD)) {
            child(Path.of(arguments.get(1)), Precision.of(arguments.get(2)), number(arguments.get(3)), out);
            return 0;
        }
        Arguments given = Arguments.of(arguments);
        out.println("| model | blocks | precision | tokens | plan MB | peak MB | plan/peak | largest of the plan |");
        out.println("|---|---|---|---|---|---|---|---|");
        for (Entry entry : given.models()) {
            Path file = folders.cache().resolve("bench-memory-" + entry.model() + ".safetensors");
            try {
                write(entry, file);
                rows(entry, file, given, out);
            } finally {
                Files.deleteIfExists(file);
            }
        }
        return 0;
    }

    private void rows(Entry entry, Path file, Arguments given, PrintStream out) throws Exception {
        for (Precision precision : given.precisions()) {
            for (int tokens : given.tokens()) {
                List<String> lines = ChildProcess.run(
                        name(), List.of(CHILD, file.toString(), precision.name(), Integer.toString(tokens)));
                String[] words = lines.stream()
                        .filter(line -> line.startsWith(ScaleReport.MARK))
                        .findFirst()
                        .orElseThrow(() -> new IOException("the measuring process printed no figures"))
                        .substring(ScaleReport.MARK.length())
                        .split(" ", 3);
                double plan = Long.parseLong(words[0]) / 1e6;
                double peak = Long.parseLong(words[1]) / 1e6;
                out.printf(
                        Locale.ROOT,
                        "| %s | %s | %s | %d | %.0f | %.0f | %.2f | %s |%n",
                        entry.model(),
                        entry.layers() == 0 ? "all" : Integer.toString(entry.layers()),
                        precision,
                        tokens,
                        plan,
                        peak,
                        plan / peak,
                        words[2]);
            }
        }
    }

    private static void write(Entry entry, Path file) throws IOException {
        TransformerRelease release = TransformerRelease.named(entry.model());
        System.err.println("writing " + file);
        Files.createDirectories(file.toAbsolutePath().getParent());
        SyntheticCheckpoint.of(
                        release.family(),
                        release.architecture(),
                        new SyntheticCheckpoint.Options(
                                release.family().layouts().getFirst().name(), DType.BF16, entry.layers(), 0))
                .write(file, bytes -> {}, CancellationToken.NONE);
    }

    /// Two passes of one size; prints plan and peak in bytes, and the three largest items.
    private static void child(Path path, Precision precision, int tokens, PrintStream out) {
        try (Engine engine = new OrtEngineProvider().create(new EngineOptions(0));
                CheckpointFile file = CheckpointFiles.open(path)) {
            TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
            LatentSize size = ScaleArguments.size(
                    tokens, checkpoint.architecture().facts().latent().patch());
            MemoryPlan plan = MemoryPlan.of(
                    checkpoint.architecture(), checkpoint, precision.plan(), new MemoryPlan.Workload(size, 1));
            try (ScaleBenchmark benchmark = ScaleBenchmark.open(engine, file, precision, CancellationToken.NONE)) {
                Passes passes = benchmark.run(size, 0, 2, CancellationToken.NONE);
                String parts = String.join(
                        ", ",
                        words(plan.peak().parts()).stream()
                                .map(String::strip)
                                .limit(3)
                                .toList());
                out.println(ScaleReport.MARK + plan.totalBytes() + " "
                        + passes.memory().peakBytes() + " " + parts);
            }
        }
    }
}
