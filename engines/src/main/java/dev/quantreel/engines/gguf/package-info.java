/// The GGUF file format, reading only: [GgufFile] maps one, [GgufHeader] is the part that distrusts every byte,
/// [GgmlType] says how blocks of weights are stored.
@NullMarked
package dev.quantreel.engines.gguf;

import org.jspecify.annotations.NullMarked;
