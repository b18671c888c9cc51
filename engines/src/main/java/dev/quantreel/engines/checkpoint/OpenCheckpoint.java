package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointView;
import java.nio.file.Path;
import java.util.List;

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
        implements CheckpointFile, CheckpointView {

    OpenCheckpoint {
        parts = List.copyOf(parts);
    }

    @Override
    public void close() {
        owner.run();
    }

    @Override
    public Checkpoint beneath() {
        return decoded;
    }
}
