package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.FloatWeights;
import java.lang.foreign.Arena;

/// What an encoder's graph is made of.
///
/// @param stored the checkpoint under canonical names
/// @param precision in which matrices are held
/// @param arena holds codes until the engine has taken them
record EncoderWeights(FloatWeights stored, EncoderPrecision precision, Arena arena) {}
