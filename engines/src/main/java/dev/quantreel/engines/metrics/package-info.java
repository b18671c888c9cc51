/// Figures that compare latents and videos of a full-precision and a quantized generation, without any network.
/// [VideoComparison] gathers those of two clips, [ClipFigures] those of each by itself, [LatentMetrics] and
/// [LatentStatistics] have those of latents and velocities,
/// [TemporalDistribution] compares how frames relate to one another, of pictures and of latents.
@NullMarked
package dev.quantreel.engines.metrics;

import org.jspecify.annotations.NullMarked;
