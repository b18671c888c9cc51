package dev.quantreel.engines.export;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.export.lint.InputRange;
import dev.quantreel.engines.export.lint.LintReport;
import dev.quantreel.engines.export.lint.TensorRtLint;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.runtime.CancellationToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// Writes exported graphs as files, all of them or none: they are made in a folder of their own beside the
/// target, and moved into place when the last is whole.
///
/// @param folder that the files go to
/// @param name file name of a part: `trunk.onnx` becomes whatever this says
public record ExportFiles(Path folder, UnaryOperator<String> name) {

    /// A file that was written.
    ///
    /// @param part `trunk`
    /// @param file the `.onnx` file
    /// @param bytes of it and of the file beside it
    /// @param nodes of the graph
    /// @param lint what TensorRT would say; empty for forms that are not made for it
    public record Written(String part, Path file, long bytes, int nodes, Optional<LintReport> lint) {}

    /// Hears of each part before it is written.
    public interface Progress {
        Progress NONE = (part, done, total) -> {};

        void begins(String part, int done, int total);
    }

    /// @param profiles by part; empty writes none
    /// @param target that the graphs are checked for
    /// @throws IOException when a file cannot be written; nothing is left then
    /// @throws java.util.concurrent.CancellationException when cancellation was asked; nothing is left then
    public List<Written> write(
            OnnxExport.Result result,
            Map<String, OptimizationProfile> profiles,
            TensorRtTarget target,
            Progress progress,
            CancellationToken cancellation)
            throws IOException {
        Files.createDirectories(folder);
        Path workshop = Files.createTempDirectory(folder, ".export-");
        try {
            List<Written> written = new ArrayList<>();
            int total = result.graphs().size();
            for (Map.Entry<String, OnnxModel> part : result.graphs().entrySet()) {
                cancellation.throwIfCancelled();
                progress.begins(part.getKey(), written.size(), total);
                Optional<OptimizationProfile> profile = Optional.ofNullable(profiles.get(part.getKey()));
                Path file = workshop.resolve(name.apply(part.getKey() + ".onnx"));
                OnnxWriter.write(part.getValue(), file, cancellation::throwIfCancelled);
                if (profile.isPresent()) {
                    Files.writeString(
                            OptimizationProfile.beside(file), profile.get().toJson());
                }
                Optional<LintReport> lint = result.report().settings().form().isTyped()
                        ? Optional.of(TensorRtLint.check(part.getValue(), target, profile.map(ExportFiles::ranges)))
                        : Optional.empty();
                written.add(new Written(
                        part.getKey(),
                        folder.resolve(file.getFileName()),
                        bytes(file),
                        part.getValue().proto().getGraph().getNodeCount(),
                        lint));
            }
            move(workshop);
            return List.copyOf(written);
        } finally {
            delete(workshop);
        }
    }

    /// Ranges of a profile, as the lint reads them.
    public static Map<String, InputRange> ranges(OptimizationProfile profile) {
        SequencedMap<String, InputRange> ranges = new LinkedHashMap<>();
        profile.inputs()
                .forEach(input -> ranges.put(
                        input.name(),
                        new InputRange(
                                input.shape().min(),
                                input.shape().opt(),
                                input.shape().max())));
        return ranges;
    }

    /// Bytes beside those of the original, for people.
    ///
    /// @param model that was exported
    public static List<String> table(List<Written> written, TransformerCheckpoint model) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "%-14s %8s %14s  %s", "part", "nodes", "bytes", "file"));
        for (Written file : written) {
            lines.add(String.format(
                    Locale.ROOT, "%-14s %8d %,14d  %s", file.part, file.nodes, file.bytes, file.file.getFileName()));
        }
        long bytes = written.stream().mapToLong(Written::bytes).sum();
        long original = 2 * model.parameters();
        lines.add(String.format(
                Locale.ROOT,
                "together %,d bytes, %.2f of the weights in 16 bits (%,d)",
                bytes,
                (double) bytes / original,
                original));
        return lines;
    }

    private static long bytes(Path file) throws IOException {
        Path data = file.resolveSibling(file.getFileName() + ".data");
        return Files.size(file) + (Files.exists(data) ? Files.size(data) : 0);
    }

    private void move(Path workshop) throws IOException {
        try (Stream<Path> files = Files.list(workshop)) {
            for (Path file : files.sorted().toList()) {
                Files.move(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void delete(Path workshop) throws IOException {
        try (Stream<Path> files = Files.list(workshop)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(workshop);
    }
}
