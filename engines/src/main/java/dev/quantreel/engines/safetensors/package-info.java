/// The safetensors file format: [SafetensorsFile] maps one as a checkpoint, [SafetensorsWriter] saves one,
/// [SafetensorsHeader] is the part that distrusts every byte.
@NullMarked
package dev.quantreel.engines.safetensors;

import org.jspecify.annotations.NullMarked;
