/// ONNX Runtime on the CPU, through its own Java API: the default engine.
/// Read [OrtEngineProvider], then [OrtEngine], [OrtModelLoader] and [OrtTarget].
@NullMarked
package dev.quantreel.engines.runtime.ort;

import org.jspecify.annotations.NullMarked;
