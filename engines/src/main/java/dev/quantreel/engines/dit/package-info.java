/// Diffusion transformers: configs read from checkpoints and the block builders that emit ONNX. Read
/// [LinearLayers], the seam between a model family and its quantization. Then [WanCheckpoint] (which file is a Wan
/// transformer), [WanGraphs] (its four graphs) and [DiffusionTransformer] (opened on an engine).
@NullMarked
package dev.quantreel.engines.dit;

import org.jspecify.annotations.NullMarked;
