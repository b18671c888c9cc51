/// Sigma schedules, samplers, guidance and noise. Read [SplitModel], which a diffusion transformer implements, then
/// [FlowSampler], which runs it by a [Solver], and [SamplingTrace], which tells what happened at each step.
@NullMarked
package dev.quantreel.engines.sampling;

import org.jspecify.annotations.NullMarked;
