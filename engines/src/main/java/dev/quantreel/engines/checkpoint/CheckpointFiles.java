package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import java.nio.file.Path;
import java.util.List;

/// Opens checkpoints of every supported format.
public final class CheckpointFiles {

    private CheckpointFiles() {}

    /// Recognises the format by name and content, maps the files and validates their headers; no weight is read.
    ///
    /// @throws CheckpointException when a file is missing, unreadable, truncated, malformed or of another format
    public static CheckpointFile open(Path path) {
        SafetensorsFile file = SafetensorsFile.open(path);
        CheckpointFormat format = new CheckpointFormat("safetensors", Precision.of(file));
        return new OpenCheckpoint(path, List.of(path), format, file, file, file::close);
    }
}
