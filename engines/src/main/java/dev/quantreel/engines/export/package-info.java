/// Diffusion transformers as ONNX files for other programs: forms of quantized products, element types, shapes,
/// and what TensorRT's parser accepts.
@NullMarked
package dev.quantreel.engines.export;

import org.jspecify.annotations.NullMarked;
