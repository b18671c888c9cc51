/// The engine SPI: [EngineProvider] finds an [Engine], which opens a [Session] on an ONNX model.
@NullMarked
package dev.quantreel.engines.runtime;

import org.jspecify.annotations.NullMarked;
