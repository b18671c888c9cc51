/// Figures that compare latents and videos of a full-precision and a quantized generation, without any network.
@NullMarked
package dev.quantreel.engines.metrics;

import org.jspecify.annotations.NullMarked;
