/// Checkpoints of real size and real names with random weights, for trials of scale without downloads: read
/// [SyntheticCheckpoint], then [WeightLaw] for what the weights are.
@NullMarked
package dev.quantreel.engines.synth;

import org.jspecify.annotations.NullMarked;
