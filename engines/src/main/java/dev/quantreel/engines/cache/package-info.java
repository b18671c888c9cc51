/// Step caches: which steps reuse the work of an earlier one. A [StepCache] is the immutable description, a
/// [CacheTracker] its state for one branch of one generation.
@NullMarked
package dev.quantreel.engines.cache;

import org.jspecify.annotations.NullMarked;
