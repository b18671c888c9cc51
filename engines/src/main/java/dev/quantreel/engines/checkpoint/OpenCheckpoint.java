package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;

/// A stored checkpoint, the view that decodes it, and what closes both.
///
/// @param path what was opened
/// @param parts the files behind it
/// @param format container and precision
/// @param stored as the file has it
/// @param decoded as the model needs it
/// @param owner closes the mappings
record OpenCheckpoint(
        Path path, List<Path> parts, CheckpointFormat format, Checkpoint stored, Checkpoint decoded, Runnable owner)
        implements CheckpointFile {

    OpenCheckpoint {
        parts = List.copyOf(parts);
    }

    @Override
    public SequencedSet<String> names() {
        return decoded.names();
    }

    @Override
    public boolean contains(String name) {
        return decoded.contains(name);
    }

    @Override
    public Tensor tensor(String name) {
        return decoded.tensor(name);
    }

    @Override
    public Shape shape(String name) {
        return decoded.shape(name);
    }

    @Override
    public DType dtype(String name) {
        return decoded.dtype(name);
    }

    @Override
    public long storedBytes(String name) {
        return decoded.storedBytes(name);
    }

    @Override
    public Map<String, String> metadata() {
        return decoded.metadata();
    }

    @Override
    public String source() {
        return decoded.source();
    }

    @Override
    public String digest() {
        return decoded.digest();
    }

    @Override
    public void close() {
        owner.run();
    }
}
