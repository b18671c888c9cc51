package dev.quantreel.engines.checkpoint;

/// What a checkpoint is on disk, in the words people use.
///
/// @param container the kind of file: `safetensors`, `safetensors, 6 shards`, `diffusers folder`, `GGUF v3`
/// @param precision how most of the weights are stored: `bf16`, `fp8_e4m3fn`, `fp8_scaled`, `convrot_w4a4`, `Q4_K`
public record CheckpointFormat(String container, String precision) {

    /// Container and precision in one line.
    @Override
    public String toString() {
        return container + ", " + precision;
    }
}
