package dev.quantreel.nodes.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.nodes.measure.Figures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// What sweeps measured, one JSON object a line under a key that says everything it depends on. Lines are appended and
/// forced to disk one by one, so that a sweep goes on where it was killed; a line cut short is ignored and written
/// anew. Sweeps that share points share their results.
final class SweepResults {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final Map<String, Figures> known = new HashMap<>();

    private SweepResults(Path file) {
        this.file = file;
    }

    /// @param label what the point is, for people
    private record Line(String key, String label, Figures figures) {}

    /// Reads what there is.
    ///
    /// @throws IOException when the file exists and cannot be read
    static SweepResults open(Path file) throws IOException {
        SweepResults results = new SweepResults(file);
        if (Files.exists(file)) {
            for (String line : Files.readString(file).split("\n", -1)) {
                results.read(line);
            }
        }
        return results;
    }

    private void read(String line) {
        try {
            if (!line.isBlank()) {
                Line entry = JSON.readValue(line, Line.class);
                known.put(entry.key(), entry.figures());
            }
        } catch (JsonProcessingException e) {
            System.getLogger(SweepResults.class.getName())
                    .log(System.Logger.Level.INFO, file + ": a line is not whole and will be measured again");
        }
    }

    Optional<Figures> find(String key) {
        return Optional.ofNullable(known.get(key));
    }

    /// Keeps figures for good.
    void add(String key, String label, Figures figures) throws IOException {
        known.put(key, figures);
        String line = (endsWhole() ? "" : "\n") + JSON.writeValueAsString(new Line(key, label, figures)) + "\n";
        Files.createDirectories(file.toAbsolutePath().getParent());
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (IOException e) {
            throw new IOException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /// Whether the last line is complete.
    private boolean endsWhole() throws IOException {
        if (!Files.exists(file) || Files.size(file) == 0) {
            return true;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            channel.read(last, channel.size() - 1);
            return last.get(0) == '\n';
        }
    }
}
