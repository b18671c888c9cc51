package dev.quantreel.nodes.values;

import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.Socket;

/// What an encoder of pictures saw: ComfyUI's `CLIP_VISION_OUTPUT`.
///
/// @param features F32 `[1, tokens, width]`, the penultimate layer; 257 x 1280 of CLIP-ViT-H
@Socket("CLIP_VISION_OUTPUT")
public record VisionFeatures(Tensor features) {}
