package dev.quantreel.nodes.values;

import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.Socket;
import java.util.Optional;

/// A video in the space a diffusion transformer works in: ComfyUI's `LATENT`.
///
/// @param samples F32 `[1, channels, frames, height, width]`; where noise is left in it, divided by the share of the
/// clean latent, as ComfyUI hands it on
/// @param space what a cell stands for, where that is known
/// @param knownFrames so many frames at the start are given and stay as they are
@Socket("LATENT")
public record Latent(Tensor samples, Optional<LatentSpace> space, int knownFrames) {

    /// A latent of a space that is not known.
    public Latent(Tensor samples) {
        this(samples, Optional.empty(), 0);
    }
}
