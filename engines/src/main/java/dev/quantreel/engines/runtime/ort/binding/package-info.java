/// I/O binding of ONNX Runtime, which its Java API lacks: the C API of the very library that the Java API loaded,
/// called by the foreign function API. Nothing else is bound; sessions are made, and closed, by the Java API.
///
/// Reading order: [OrtApi], [OrtValue], [IoBinding].
@NullMarked
package dev.quantreel.engines.runtime.ort.binding;

import org.jspecify.annotations.NullMarked;
