/// Sigma schedules, samplers and guidance. Read [SplitModel], which a diffusion transformer implements.
@NullMarked
package dev.quantreel.engines.sampling;

import org.jspecify.annotations.NullMarked;
