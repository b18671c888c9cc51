package dev.quantreel.server.config;

import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.checkpoint.CheckpointScan;
import dev.quantreel.engines.checkpoint.TensorStatistics;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.memory.MachineMemory;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.ModelFamily;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `quantreel inspect`.
@Command(
        name = "inspect",
        description = "Looks at every weight of a checkpoint once: what it is, whether its tensors are complete, its"
                + " digest, NaN and infinities, figures layer by layer, and of a transformer the memory that sampling"
                + " takes. Of a file that quantize wrote: its recipe and report. Memory does not grow with the file. Exit code 1"
                + " when it is damaged.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class InspectCommand implements Callable<Integer> {

    private static final int DAMAGED = 1;
    private static final int INTERRUPTED = 130;
    private static final String ROW = "%-52s %5s %15s %9s %9s %7s %9s%n";

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(
            index = "0",
            paramLabel = "FILE",
            description = "A safetensors or GGUF file, an index of shards, or a diffusers folder.")
    private Path path = Path.of("");

    @Option(names = "--header", description = "Keys and memory alone: no weight is read.")
    private boolean header;

    @Option(names = "--tensors", description = "One line per tensor instead of one per kind of tensor.")
    private boolean tensors;

    @Option(
            names = "--source",
            paramLabel = "SRC",
            description = "Of a quantized file: the checkpoint it should have been made from. Exit code 1 when it was"
                    + " made from another.")
    private @Nullable Path source;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        try (CheckpointFile file = CheckpointFiles.open(path)) {
            boolean known = describe(file, out);
            Optional<ArtifactReport> artifact = ArtifactReport.of(file);
            if (artifact.isPresent()) {
                return artifact(artifact.get(), out) && known ? 0 : DAMAGED;
            }
            if (source != null) {
                throw new ConfigException("--source: " + path + " is no quantized file that names its source");
            }
            if (header) {
                return known ? 0 : DAMAGED;
            }
            return weights(file, out) && known ? 0 : DAMAGED;
        } catch (CheckpointException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        } catch (CancellationException e) {
            spec.commandLine().getErr().println("Interrupted.");
            return INTERRUPTED;
        }
    }

    /// Reads all weights and prints what they are like.
    ///
    /// @return whether all are finite
    private boolean weights(CheckpointFile file, PrintWriter out) throws Exception {
        ByteProgress progress = new ByteProgress(System.err, "reading " + file.source(), CheckpointScan.bytes(file));
        CheckpointScan.Result result;
        try {
            result = StoppableWork.run(cancellation -> CheckpointScan.of(file, progress::advance, cancellation));
        } finally {
            progress.end();
        }
        table(result, out);
        out.println("digest     " + result.digest());
        out.println("weights    " + result.damage().map(NonFinite::describe).orElse("all finite"));
        out.printf(
                Locale.ROOT,
                "read       %s in %.1f s, %s; %s%n",
                ByteProgress.megabytes(CheckpointScan.bytes(file)),
                progress.seconds(),
                progress.rate(),
                ResidentMemory.now().describe());
        out.flush();
        return result.damage().isEmpty();
    }

    /// Recipe and report of a quantized file; its weights were looked at when it was made.
    ///
    /// @return whether its source is the one that was asked for
    private boolean artifact(ArtifactReport report, PrintWriter out) throws Exception {
        ArtifactTable.summary(report).forEach(out::println);
        if (!header) {
            ArtifactTable.layers(report).forEach(out::println);
            out.println(report.header().recipe().toPrettyJson());
        }
        boolean same = source == null || isFrom(report, source, out);
        out.flush();
        return same;
    }

    private static boolean isFrom(ArtifactReport report, Path source, PrintWriter out) throws Exception {
        try (CheckpointFile original = CheckpointFiles.open(source)) {
            ByteProgress progress =
                    new ByteProgress(System.err, "reading " + original.source(), CheckpointScan.bytes(original));
            String digest;
            try {
                digest = StoppableWork.run(cancellation -> CheckpointScan.of(original, progress::advance, cancellation))
                        .digest();
            } finally {
                progress.end();
            }
            boolean same = digest.equals(report.header().source().digest());
            out.println(
                    same
                            ? "made from  " + source
                            : "made from another file than " + source + ", whose digest is " + digest
                                    + ": it has changed since, or it is another model");
            return same;
        }
    }

    /// @return whether the file is usable as what it looks like
    private static boolean describe(CheckpointFile file, PrintWriter out) {
        out.println("file       " + file.path() + ", " + file.format() + ", "
                + file.names().size() + " tensors");
        boolean usable = true;
        try {
            Optional<TransformerCheckpoint> recognised = TransformerCheckpoint.recognise(file);
            if (recognised.isPresent()) {
                TransformerCheckpoint model = recognised.get();
                out.printf(
                        Locale.ROOT,
                        "model      %s, %s layout, %,d parameters, %d blocks of width %d, %d heads%n",
                        model.facts().variant(),
                        model.layout(),
                        model.parameters(),
                        model.facts().sizes().layers(),
                        model.facts().sizes().dim(),
                        model.facts().sizes().heads());
                out.println("keys       complete, every tensor used once");
                new PlanTable(model, MachineMemory.now()).lines().forEach(out::println);
            } else {
                out.println("model      " + ModelFamily.describe(file));
            }
        } catch (UnsupportedCheckpointException e) {
            usable = false;
            out.println("model      " + e.getMessage());
        }
        out.flush();
        return usable;
    }

    private void table(CheckpointScan.Result result, PrintWriter out) {
        Map<String, List<TensorStatistics>> rows = new LinkedHashMap<>();
        result.statistics().forEach((name, figures) -> rows.computeIfAbsent(
                        tensors ? name : name.replaceAll("\\.\\d+\\.", ".*."), key -> new ArrayList<>())
                .add(figures));
        out.printf(ROW, "tensor", "count", "values", "absmax", "std", "kurt.", "outliers");
        rows.forEach((name, figures) -> out.printf(
                ROW,
                name,
                figures.size(),
                String.format(
                        Locale.ROOT,
                        "%,d",
                        figures.stream().mapToLong(TensorStatistics::count).sum()),
                number("%.4f", largest(figures.stream().map(f -> f.tails().absmax()))),
                number(
                        "%.5f",
                        median(figures.stream().map(TensorStatistics::deviation).toList())),
                number("%.1f", largest(figures.stream().map(f -> f.tails().kurtosis()))),
                number(
                        "%.5f%%",
                        100 * largest(figures.stream().map(f -> f.tails().outlierRatio())))));
        out.println("absmax, kurtosis and outliers (beyond 6 standard deviations): the worst of the row's tensors; std:"
                + " their median");
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private static double largest(Stream<Double> values) {
        return values.mapToDouble(Double::doubleValue).max().orElse(0);
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }
}
