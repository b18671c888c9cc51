/// Diffusion transformers: configs read from checkpoints and the block builders that emit ONNX.
/// Read [LinearLayers], the seam between a model family and its quantization.
@NullMarked
package dev.quantreel.engines.dit;

import org.jspecify.annotations.NullMarked;
