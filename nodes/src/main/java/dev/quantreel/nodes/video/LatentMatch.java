package dev.quantreel.nodes.video;

import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.vae.VaeTraits;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.VideoDecoder;
import java.util.Optional;

/// Whether a decoder is the one of a latent. Several models have latents of 16 channels, so a decoder of another one
/// runs without a fault and gives noise.
///
/// @param space of the latent, where that is known
/// @param channels of the latent
/// @param file name of the decoder
/// @param decoder what it is
record LatentMatch(Optional<LatentSpace> space, long channels, String file, VaeTraits decoder) {

    static LatentMatch of(Latent latent, VideoDecoder vae, VaeTraits traits) {
        return new LatentMatch(
                latent.space(), latent.samples().shape().dim(1), vae.file().name(), traits);
    }

    /// Small decoders of 16 channels do not say in their tensors which model they belong to; there the file's name
    /// decides, if it names one.
    ///
    /// @throws NodeInputException when the decoder belongs to another space; says which file would fit
    void require() {
        if (space.isPresent() && !decoder.fits(space.get())) {
            throw refusal("but the latent is one of " + space.get().title() + "; accepted is "
                    + space.get().decoders());
        }
        if (channels != decoder.latentChannels()) {
            throw refusal("which decodes latents of " + decoder.latentChannels() + " channels, but the latent has "
                    + channels + "; accepted is "
                    + space.map(LatentSpace::decoders).orElseGet(() -> VaeTraits.filesFor(channels)));
        }
        Optional<LatentSpace> likely = decoder.pairing().likely();
        if (space.isPresent() && likely.isPresent() && likely.get() != space.get()) {
            throw refusal("and by its name it decodes latents of "
                    + likely.get().title() + ", but the latent is one of "
                    + space.get().title() + "; accepted is " + space.get().decoders()
                    + "; rename the file if its name is wrong");
        }
    }

    private NodeInputException refusal(String reason) {
        return new NodeInputException(
                "vae", "is " + file + " (" + decoder.family() + " for " + decoder.pairsWith() + "), " + reason);
    }
}
