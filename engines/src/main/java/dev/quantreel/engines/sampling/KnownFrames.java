package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Latent frames at the start of a clip that are given: they are put back clean before every evaluation and at the end
/// (Wan 2.2 TI2V-5B and LTX-Video, whose given frames have timestep 0).
///
/// @param latent F32 `[1, channels, frames, height, width]`; the first `count` frames count
/// @param count how many frames are given
public record KnownFrames(Tensor latent, int count) {

    public KnownFrames {
        if (latent.dtype() != DType.F32
                || latent.shape().rank() != 5
                || count < 1
                || count > latent.shape().dim(2)) {
            throw new IllegalArgumentException(count + " known frames of a latent " + latent.dtype() + latent.shape()
                    + ", expected 1 or more of it");
        }
    }

    /// The latent with these frames in place.
    ///
    /// @param noisy F32, as wide and high, with as many channels, and as long or longer
    public Tensor in(Tensor noisy) {
        long planeBytes = latent.shape().dim(3) * latent.shape().dim(4) * Float.BYTES;
        long frames = noisy.shape().dim(2);
        boolean fits = noisy.shape().dim(1) == latent.shape().dim(1)
                && noisy.shape().dim(3) == latent.shape().dim(3)
                && noisy.shape().dim(4) == latent.shape().dim(4)
                && frames >= count;
        if (!fits) {
            throw new IllegalArgumentException(
                    "known frames of " + latent.shape() + " do not fit into a latent of " + noisy.shape());
        }
        Tensor result = Tensor.zeros(DType.F32, noisy.shape());
        result.data().copyFrom(noisy.data());
        for (long channel = 0; channel < noisy.shape().dim(1); channel++) {
            MemorySegment.copy(
                    latent.data(),
                    channel * latent.shape().dim(2) * planeBytes,
                    result.data(),
                    channel * frames * planeBytes,
                    count * planeBytes);
        }
        return result;
    }
}
