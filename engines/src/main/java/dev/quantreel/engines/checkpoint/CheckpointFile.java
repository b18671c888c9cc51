package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.tensor.Checkpoint;
import java.nio.file.Path;
import java.util.List;

/// An open checkpoint of any supported format. Names are those of the model: what a format needs beside them (scales,
/// markers, block tables) is not visible, [#tensor] hands out what they decode to.
///
/// Owns its mappings: tensors that are views die with [#close]; using one afterwards throws [IllegalStateException].
/// Safe for many threads.
public interface CheckpointFile extends Checkpoint, AutoCloseable {

    /// What was opened: a safetensors or GGUF file, an index of shards, or a folder.
    Path path();

    /// Every file the tensors lie in, in the order of the format.
    List<Path> parts();

    /// Container and precision.
    CheckpointFormat format();

    /// The same content before decoding: packed codes and scales under the names of the file.
    Checkpoint stored();

    @Override
    void close();
}
