package dev.quantreel.nodes.values;

import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.nodes.spi.Socket;

/// What happened while sampling.
///
/// @param steps step by step
/// @param quantizedActivations whether the activation bits in it had an effect
/// @param title precision and settings in a few words
@Socket("TRACE")
public record Trace(SamplingTrace steps, boolean quantizedActivations, String title) {}
