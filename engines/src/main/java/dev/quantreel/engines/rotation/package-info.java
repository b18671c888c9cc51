/// Orthogonal rotations that spread outliers over channels. Read [HadamardMatrix], then [Rotation].
@NullMarked
package dev.quantreel.engines.rotation;

import org.jspecify.annotations.NullMarked;
