package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;
import java.util.Set;

/// What a VAE is.
///
/// @param family for people: `Wan 2.1 VAE`
/// @param latentChannels channels of its latents
/// @param grid what a cell of its latents stands for
/// @param normalization how its latents relate to the transformer's
/// @param pairing whose latents it decodes
public record VaeTraits(
        String family, int latentChannels, Grid grid, LatentNormalization normalization, Pairing pairing) {

    /// What a cell of the latent stands for.
    ///
    /// @param pixelsPerCell pixels per latent cell, each way
    /// @param framesPerLatent pictures per latent frame after the first
    /// @param firstIsSingle whether the first latent frame stands for a single picture
    public record Grid(int pixelsPerCell, int framesPerLatent, boolean firstIsSingle) {

        /// One picture per latent frame.
        static Grid stills(int pixelsPerCell) {
            return new Grid(pixelsPerCell, 1, true);
        }

        /// Pictures of a clip.
        public int pictures(int latentFrames) {
            return firstIsSingle ? framesPerLatent * (latentFrames - 1) + 1 : framesPerLatent * latentFrames;
        }
    }

    /// Whose latents a VAE decodes.
    ///
    /// @param models transformers, for people: `Wan 2.1, Wan 2.2 A14B`
    /// @param spaces what its tensors allow: one, or several where files of equal tensors were trained for
    /// different models, or none where no transformer known here has such latents
    /// @param likely which of them it was made for, from the tensors or else from the file's name
    public record Pairing(String models, Set<LatentSpace> spaces, Optional<LatentSpace> likely) {

        public Pairing {
            spaces = Set.copyOf(spaces);
        }

        /// Tensors that only one space has.
        static Pairing of(String models, LatentSpace space) {
            return new Pairing(models, Set.of(space), Optional.of(space));
        }
    }

    /// Which files decode latents of so many channels, for messages.
    public static String filesFor(long latentChannels) {
        return switch ((int) latentChannels) {
            case 4 -> "the VAE of Stable Diffusion (vae-ft-mse-840000-ema-pruned or the folder vae of Latte-1)";
            case 16 ->
                "the decoder trained for this model: taew2_1 or wan_2.1_vae for Wan 2.1, taehv or"
                        + " hunyuan_video_vae_bf16 for HunyuanVideo, taecvx for CogVideoX";
            case 32 -> "hunyuanvideo15_vae_fp16 or taehv1_5 for HunyuanVideo 1.5";
            case 48 -> "taew2_2 or wan2.2_vae for Wan 2.2 TI2V-5B";
            case 128 -> "the VAE of LTX-Video 0.9.x (inside its checkpoint)";
            default -> "the decoder trained for this model; none known here has " + latentChannels + " channels";
        };
    }

    /// Transformers whose latents it decodes, for people.
    public String pairsWith() {
        return pairing.models();
    }

    /// Whether latents of this space can be its own.
    public boolean fits(LatentSpace space) {
        return pairing.spaces().contains(space);
    }

    public int pixelsPerCell() {
        return grid.pixelsPerCell();
    }

    /// Whether decoding costs next to nothing, so that previews may use it.
    public boolean isQuick() {
        return family.equals(TaehvFamily.NAME);
    }

    /// Pictures that a latent of this many frames becomes.
    public int pictures(int latentFrames) {
        return grid.pictures(latentFrames);
    }

    /// One line for people.
    public String describe() {
        return family + ": " + latentChannels + " channels, " + grid.pixelsPerCell() + " x " + grid.pixelsPerCell()
                + " pixels x " + grid.framesPerLatent() + " frames per cell; for " + pairsWith();
    }

    /// @throws IllegalArgumentException when the latent is not one of this VAE; says what it is and what is accepted
    void require(Tensor latent) {
        Shape shape = latent.shape();
        boolean fits = latent.dtype() == DType.F32
                && shape.rank() == 5
                && shape.dim(0) == 1
                && shape.dim(1) == latentChannels
                && shape.elements() > 0;
        if (!fits) {
            throw new IllegalArgumentException("the latent is " + latent.dtype() + shape + "; " + family
                    + " takes F32[1x" + latentChannels + "xframesxheightxwidth]");
        }
    }
}
