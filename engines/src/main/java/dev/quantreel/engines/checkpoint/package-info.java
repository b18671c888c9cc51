/// Checkpoints as people have them, whatever the file: [CheckpointFiles] recognises the format and opens it as a
/// [CheckpointFile], whose tensors are plain floats decoded on demand.
@NullMarked
package dev.quantreel.engines.checkpoint;

import org.jspecify.annotations.NullMarked;
