package dev.quantreel.nodes.values;

import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.Socket;

/// An encoded prompt: ComfyUI's `CONDITIONING`.
///
/// @param embedding F32 `[1, tokens, width]`, zero beyond the prompt
/// @param prompt the text
@Socket("CONDITIONING")
public record Conditioning(Tensor embedding, String prompt) {}
