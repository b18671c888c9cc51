/// Low-rank branches beside linear layers, kept in 16 bits: `y += factor * (x downᵀ) upᵀ`. A LoRA that is not merged is
/// one, the part that a singular value decomposition takes out of a weight before it is quantized another.
@NullMarked
package dev.quantreel.engines.lowrank;

import org.jspecify.annotations.NullMarked;
