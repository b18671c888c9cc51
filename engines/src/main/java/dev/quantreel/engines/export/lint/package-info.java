/// What TensorRT's ONNX parser and builder accept, as rules that need neither TensorRT nor a GPU.
@NullMarked
package dev.quantreel.engines.export.lint;

import org.jspecify.annotations.NullMarked;
