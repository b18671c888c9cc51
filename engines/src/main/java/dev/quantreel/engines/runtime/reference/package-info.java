/// A plain Java interpreter of the operators that Quantreel's graphs use: loops as the operator's definition writes
/// them, slow, meant to be read. It is the specification that faster engines are tested against; tiny graphs only.
/// Read [ReferenceEngineProvider], [Interpreter], then the operators by group.
@NullMarked
package dev.quantreel.engines.runtime.reference;

import org.jspecify.annotations.NullMarked;
