package dev.quantreel.nodes.video;

import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.vae.VaeEncoder;
import dev.quantreel.engines.vae.VaeTraits;
import dev.quantreel.engines.video.Frames;
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

/// Encodes frames to a latent.
@NodeType(
        id = "EncodeVAE",
        title = "Encode VAE",
        category = "video",
        description =
                "Turns a picture or a clip into a latent, the inverse of Decode VAE: one picture becomes one latent"
                        + " frame, each further four another (LTX-Video: eight). Needs a VAE with an encoder, such as"
                        + " wan_2.1_vae, wan2.2_vae or hunyuan_video_vae_bf16; small decoders (TAEHV) have none. Sides that"
                        + " are no multiples of a latent cell (8, 16 or 32 pixels) are cropped around the centre.",
        aliases = {"VAEEncode", "encode", "image to latent"})
public final class EncodeVAE implements Node<EncodeVAE.Inputs, EncodeVAE.Outputs> {

    /// See [EncodeVAE].
    public record Inputs(
            @In(help = "Frames to encode: 1, 5, 9, 13, ..., for LTX-Video 1, 9, 17 and so on.")
            Pictures pixels,

            @In(help = "VAE with an encoder.") VideoDecoder vae,

            @SharedInputs Tiles tiles) {}

    /// See [EncodeVAE].
    public record Outputs(@Out(help = "The latent.") Latent latent) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        VaeEncoder encoder = encoder(in, context);
        requireWholeLatents(in.pixels().frames().count(), encoder.traits());
        Frames frames = fitting(in.pixels().frames(), encoder.traits().pixelsPerCell(), context);
        Tensor latent = VideoDecoder.encode(
                encoder, frames, in.tiles().options(), new TileCheck.Ports("pixels", "tileSize"), context);
        return new Outputs(new Latent(latent, encoder.traits().pairing().likely(), 0));
    }

    private static void requireWholeLatents(int count, VaeTraits vae) {
        int each = vae.grid().framesPerLatent();
        if ((count - 1) % each != 0) {
            int below = (count - 1) / each * each + 1;
            throw new NodeInputException(
                    "pixels",
                    "has " + count + " frames; accepted is one more than a multiple of " + each + " for " + vae.family()
                            + ", the nearest are " + below + " and " + (below + each));
        }
    }

    private static VaeEncoder encoder(Inputs in, NodeContext context) throws Exception {
        try {
            return in.vae().openEncoder(context);
        } catch (UnsupportedCheckpointException e) {
            throw new NodeInputException("vae", "cannot encode: " + e.getMessage(), e);
        }
    }

    private static Frames fitting(Frames frames, int cell, NodeContext context) {
        int height = frames.height() / cell * cell;
        int width = frames.width() / cell * cell;
        if (height == 0 || width == 0) {
            throw new NodeInputException(
                    "pixels",
                    "has frames of " + frames.width() + " x " + frames.height() + " pixels; accepted are sides of at"
                            + " least " + cell);
        }
        if (height != frames.height() || width != frames.width()) {
            context.status("cropped from " + frames.width() + " x " + frames.height() + " to " + width + " x " + height
                    + " pixels, multiples of " + cell);
        }
        return frames.cropped(height, width);
    }
}
