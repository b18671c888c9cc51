package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Shape;

/// Frames that a streaming graph carries from run to run: input `past`, output `last`, zeros at first.
///
/// @param frames how many
/// @param channels of each
/// @param scale rows per row of the latent
record StateInput(String past, String last, int frames, int channels, int scale) {

    Shape shape(long height, long width) {
        return Shape.of(frames, channels, height * scale, width * scale);
    }

    long bytes(long height, long width) {
        return Float.BYTES * shape(height, width).elements();
    }
}
