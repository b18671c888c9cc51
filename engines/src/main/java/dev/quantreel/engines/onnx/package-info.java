/// Builds and writes ONNX graphs. Read [OnnxGraphBuilder], then [OnnxModel].
@NullMarked
package dev.quantreel.engines.onnx;

import org.jspecify.annotations.NullMarked;
