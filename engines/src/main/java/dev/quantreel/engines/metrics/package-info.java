/// Figures that compare latents and videos of a full-precision and a quantized generation, without any network.
/// [VideoComparison] gathers those of two clips, [LatentMetrics] those of latents and velocities.
@NullMarked
package dev.quantreel.engines.metrics;

import org.jspecify.annotations.NullMarked;
