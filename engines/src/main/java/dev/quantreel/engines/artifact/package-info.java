/// Quantized checkpoints as files of their own: one safetensors file with codes, grids, recipe and figures that is
/// written tensor by tensor, resumed after a kill, and run without the original.
@NullMarked
package dev.quantreel.engines.artifact;

import org.jspecify.annotations.NullMarked;
