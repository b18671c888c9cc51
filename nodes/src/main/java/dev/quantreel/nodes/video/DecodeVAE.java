package dev.quantreel.nodes.video;

import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.vae.VaeTraits;
import dev.quantreel.engines.video.FrameSpool;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TileCheck;
import dev.quantreel.nodes.values.VideoDecoder;
import java.util.Locale;

/// Decodes latents to frames.
@NodeType(
        id = "DecodeVAE",
        title = "Decode VAE",
        category = "video",
        description = "Turns a sampled latent into frames. The latent is saved first (folder latents of the output), so"
                + " that nothing sampled is lost when decoding fails; Load Latent brings it back. Decodes a tile and a"
                + " few latent frames at a time into a temporary file, so that memory grows neither with the length of"
                + " the clip nor, past the tile, with its size.",
        aliases = {"VAEDecode", "VAEDecodeTiled", "decode", "TAEHV"})
public final class DecodeVAE implements Node<DecodeVAE.Inputs, DecodeVAE.Outputs> {

    /// See [DecodeVAE].
    public record Inputs(
            @In(help = "Latent to decode, from Sample Video.")
            Latent samples,

            @In(help = "Decoder that belongs to the model.") VideoDecoder vae,

            @SharedInputs Tiles tiles) {}

    /// See [DecodeVAE].
    public record Outputs(@Out(help = "The frames.") Pictures images) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        Tensor latent = in.samples().samples();
        NonFinite.firstIn("the latent", latent).ifPresent(found -> {
            throw new NodeInputException("samples", "has " + found.describe() + "; accepted are finite values");
        });
        context.status("latent saved as " + LatentFile.save(in.samples(), context));
        VaeDecoder decoder = in.vae().open(context);
        VaeTraits traits = decoder.traits();
        LatentMatch.of(in.samples(), in.vae(), traits).require();
        DecodeOptions options = new TileCheck(
                        "decoding",
                        new TileCheck.Ports("samples", "tileSize"),
                        tiles -> decoder.workingBytes(latent.shape(), tiles))
                .require(in.tiles().options(), context);
        FrameSpool spool = new FrameSpool(context.folders().temp());
        context.status(String.format(
                Locale.ROOT,
                "decoding %s with %s, %.1f GiB of working memory",
                latent.shape(),
                traits.family(),
                decoder.workingBytes(latent.shape(), options) / (double) (1 << 30)));
        decoder.decode(latent, spool, options, context.cancellation(), context::progress);
        return new Outputs(new Pictures(spool.frames()));
    }
}
