/// Bit schedules: how many bits the activations have at each step. A [BitSchedule] is the immutable description, a
/// [BitTracker] its state during one generation.
@NullMarked
package dev.quantreel.engines.schedule;

import org.jspecify.annotations.NullMarked;
