package dev.quantreel.nodes.video;

import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.VideoDecoder;

/// Decodes latents to frames.
@NodeType(
        id = "DecodeVAE",
        title = "Decode VAE",
        category = "video",
        description = "Turns a sampled latent into frames: one latent frame becomes one picture, each further one four;"
                + " a latent cell becomes 8 x 8 pixels. A few latent frames are decoded at a time, so memory does not"
                + " grow with the length of the clip.",
        aliases = {"VAEDecode", "decode", "TAEHV"})
public final class DecodeVAE implements Node<DecodeVAE.Inputs, DecodeVAE.Outputs> {

    /// See [DecodeVAE].
    public record Inputs(
            @In(help = "Latent to decode, from Sample Video.")
            Latent samples,

            @In(help = "Decoder that belongs to the model.") VideoDecoder vae) {}

    /// See [DecodeVAE].
    public record Outputs(@Out(help = "The frames.") Pictures images) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        VaeDecoder decoder = in.vae().open(context);
        Tensor latent = in.samples().samples();
        if (latent.shape().dim(1) != decoder.latentChannels()) {
            throw new NodeInputException(
                    "vae",
                    "is " + in.vae().file().name() + ", which decodes latents of " + decoder.latentChannels()
                            + " channels, but the latent has " + latent.shape().dim(1)
                            + "; accepted is the decoder trained for this model (taew2_1 for Wan 2.1)");
        }
        NonFinite.firstIn("the latent", latent).ifPresent(found -> {
            throw new NodeInputException("samples", "has " + found.describe() + "; accepted are finite values");
        });
        Frames frames = decoder.decode(latent, context.cancellation(), context::progress);
        return new Outputs(new Pictures(frames));
    }
}
