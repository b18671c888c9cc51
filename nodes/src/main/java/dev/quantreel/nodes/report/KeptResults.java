package dev.quantreel.nodes.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
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

/// What was measured, one JSON object a line under a key that says everything it depends on. Lines are appended and
/// forced to disk one by one, so that a measurement goes on where it was killed; a line cut short is ignored and
/// written anew. Measurements that share points share their results.
///
/// @param <F> the figures, a record that Jackson reads and writes
final class KeptResults<F> {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private final Class<F> type;
    private final Map<String, F> known = new HashMap<>();

    private KeptResults(Path file, Class<F> type) {
        this.file = file;
        this.type = type;
    }

    /// @param label what the point is, for people
    private record Line<F>(String key, String label, F figures) {}

    /// Reads what there is.
    ///
    /// @throws IOException when the file exists and cannot be read
    static <F> KeptResults<F> open(Path file, Class<F> type) throws IOException {
        KeptResults<F> results = new KeptResults<>(file, type);
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
                JavaType entries = JSON.getTypeFactory().constructParametricType(Line.class, type);
                Line<F> entry = JSON.readValue(line, entries);
                known.put(entry.key(), entry.figures());
            }
        } catch (JsonProcessingException e) {
            System.getLogger(KeptResults.class.getName())
                    .log(System.Logger.Level.INFO, file + ": a line is not whole and will be measured again");
        }
    }

    Optional<F> find(String key) {
        return Optional.ofNullable(known.get(key));
    }

    /// Keeps figures for good.
    void add(String key, String label, F figures) throws IOException {
        known.put(key, figures);
        String line = (endsWhole() ? "" : "\n") + JSON.writeValueAsString(new Line<>(key, label, figures)) + "\n";
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
