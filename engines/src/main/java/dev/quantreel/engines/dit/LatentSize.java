package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Tensor;

/// Extent of a latent clip.
///
/// @param frames latent frames
/// @param height rows of cells
/// @param width columns of cells
public record LatentSize(int frames, int height, int width) {

    /// @param latent `[1, channels, frames, height, width]`
    public static LatentSize of(Tensor latent) {
        return new LatentSize(
                Math.toIntExact(latent.shape().dim(2)),
                Math.toIntExact(latent.shape().dim(3)),
                Math.toIntExact(latent.shape().dim(4)));
    }

    /// The size with rows and columns filled up to whole patches.
    LatentSize padded(TransformerFacts.Patch patch) {
        return new LatentSize(
                Math.ceilDiv(frames, patch.frames()) * patch.frames(),
                Math.ceilDiv(height, patch.height()) * patch.height(),
                Math.ceilDiv(width, patch.width()) * patch.width());
    }

    /// How the patches lie.
    ///
    /// @param patch divides this size
    public TokenGrid grid(TransformerFacts.Patch patch) {
        return new TokenGrid(frames / patch.frames(), height / patch.height(), width / patch.width());
    }
}
