package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Shape;

/// Frames that a streaming graph carries from run to run: input `past`, output `last`, zeros at first.
///
/// @param frames how many; [#ALL] keeps one for every latent frame so far, none at first
/// @param channels of each
/// @param scale rows per row of the latent
record StateInput(String past, String last, int frames, int channels, int scale) {

    /// Grows with the clip.
    static final int ALL = -1;

    boolean grows() {
        return frames == ALL;
    }

    /// @param latents latent frames so far, which only a state that grows has one for each of
    Shape shape(int latents, long height, long width) {
        return Shape.of(grows() ? latents : frames, channels, height * scale, width * scale);
    }

    long bytes(int latents, long height, long width) {
        return Float.BYTES * shape(latents, height, width).elements();
    }
}
