/// The kernels' specification in plain Java: the same operations in the same order, so that integers, and floats
/// where no approximate instruction is used, are equal bit for bit. Slow, without a GPU; for tests and `gpu-check`.
@NullMarked
package dev.quantreel.engines.runtime.cuda.twin;

import org.jspecify.annotations.NullMarked;
