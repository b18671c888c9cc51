/// Statistics of activations that a model makes itself: trajectories in full precision out of pure noise, watched layer
/// by layer. No data set takes part.
@NullMarked
package dev.quantreel.engines.calibration;

import org.jspecify.annotations.NullMarked;
