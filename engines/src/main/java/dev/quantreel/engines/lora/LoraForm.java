package dev.quantreel.engines.lora;

/// How a LoRA acts on the linears of the blocks. What it changes elsewhere (biases, norms, embeddings) is merged in
/// both forms.
public enum LoraForm {
    /// Added to the weights, in F32, before anything quantizes them.
    MERGED,
    /// Low-rank branches of 16 bits beside the linears: the weights stay as they are, and so do the codes of a
    /// quantization, whatever the strength.
    BRANCH
}
