/// Diffusion transformers: configs read from checkpoints and the block builders that emit ONNX. Read
/// [LinearLayers], the seam between a model family and its quantization. Then [TransformerCheckpoint] (which family a
/// file is of), [TransformerArchitecture] (what a family says about a model), [SplitGraphs] (its graphs) and
/// [DiffusionTransformer] (opened on an engine). Families live in packages of their own below.
@NullMarked
package dev.quantreel.engines.dit;

import org.jspecify.annotations.NullMarked;
