package dev.quantreel.nodes.values;

import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.Socket;

/// A video in the space a diffusion transformer works in: ComfyUI's `LATENT`.
///
/// @param samples F32 `[1, channels, frames, height, width]`; one cell is 8 x 8 pixels, the first frame is one picture
///     and each further one four
@Socket("LATENT")
public record Latent(Tensor samples) {}
