package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Value;

/// An intermediate result of a VAE: `[frames, channels, height, width]`.
///
/// @param value in the graph
/// @param channels its channels
/// @param scale its rows per row of the latent; in an encoder, pixels per row
record Feature(Value value, int channels, int scale) {

    Feature with(Value next) {
        return new Feature(next, channels, scale);
    }

    Feature with(Value next, int nextChannels) {
        return new Feature(next, nextChannels, scale);
    }

    Feature scaled(Value next, int factor) {
        return new Feature(next, channels, scale * factor);
    }
}
