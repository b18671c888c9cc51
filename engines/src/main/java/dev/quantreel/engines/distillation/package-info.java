/// Q-VDiT: what a quantized linear gets wrong is estimated by a branch of rank one whose strength differs from frame to
/// frame (TQE). Its three vectors are solved by least squares from inputs that the model makes itself.
@NullMarked
package dev.quantreel.engines.distillation;

import org.jspecify.annotations.NullMarked;
