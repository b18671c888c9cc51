/// Compares quantizations of one model on equal terms: same prompts, same noise, same engine, one run.
/// Read [DemoBenchmark], then [Method].
@NullMarked
package dev.quantreel.engines.evaluation;

import org.jspecify.annotations.NullMarked;
