package dev.quantreel.nodes.values;

import dev.quantreel.nodes.spi.Socket;

/// The second of two models that share a generation: it takes over when little noise is left.
///
/// @param model quantized or not
/// @param boundary noise level below which it runs, as a fraction of the model's time
/// @param cfg strength of its guidance
@Socket("LOW_NOISE_MODEL")
public record LowNoiseModel(DiffusionModel model, double boundary, double cfg) {}
