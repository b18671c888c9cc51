package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.tensor.DType;
import java.util.Map;

/// The decoders of Wan 2.1 and Wan 2.2 (`wan/modules/vae.py`, `vae2_2.py`). Wan 2.2's blocks add a shortcut without
/// weights around each of them, and its last convolution gives 2 x 2 pixels.
final class WanDecoderGraph {

    private final WanBlocks blocks;
    private final VaeLayers layers;
    private final CausalTime time;
    private final VaeTraits traits;

    private WanDecoderGraph(WanBlocks blocks, VaeTraits traits) {
        this.blocks = blocks;
        this.layers = blocks.layers();
        this.time = blocks.time();
        this.traits = traits;
    }

    /// @param blocks streaming or over the whole clip
    static DecoderPlan.Graph build(WanBlocks blocks, VaeTraits traits) {
        return new WanDecoderGraph(blocks, traits).decoder();
    }

    private DecoderPlan.Graph decoder() {
        Feature latent = new Feature(
                layers.graph()
                        .input(
                                "latent",
                                DType.F32,
                                Dim.of("frames"),
                                Dim.of(traits.latentChannels()),
                                Dim.of("height1"),
                                Dim.of("width1")),
                traits.latentChannels(),
                1);
        Feature x = blocks.convolution("post_quant_conv", layers.toVae(latent, traits.normalization()));
        x = blocks.middle("decoder.mid_block", blocks.convolution("decoder.conv_in", x));
        for (int block = 0; blocks.has(residual(block, 0) + ".conv1.weight"); block++) {
            x = block(block, x);
        }
        Feature rgb = layers.pixelShuffle(rowsFirst(blocks.head("decoder", x)), side(x));
        layers.graph()
                .output(
                        "rgb",
                        layers.toRgb(rgb),
                        DType.F32,
                        Dim.of("pictures"),
                        Dim.of("rows"),
                        Dim.of("columns"),
                        Dim.of(3));
        return new DecoderPlan.Graph(
                layers.graph().build(Map.of()), time.state(), !time.state().isEmpty());
    }

    private static String residual(int block, int part) {
        return "decoder.up_blocks." + block + ".resnets." + part;
    }

    private Feature block(int block, Feature input) {
        Feature x = input;
        for (int part = 0; part < WanVaeLayout.RESIDUAL_BLOCKS; part++) {
            x = blocks.residual(residual(block, part), x);
        }
        String upsampler = "decoder.up_blocks." + block + ".upsampler";
        if (!blocks.has(upsampler + ".resample.1.weight")) {
            return x;
        }
        boolean grows = blocks.has(upsampler + ".time_conv.weight");
        Feature longer = grows ? time.doubled(blocks.file(upsampler + ".time_conv"), x) : x;
        Feature larger = layers.same(blocks.file(upsampler + ".resample.1"), layers.twice(longer));
        return blocks.layout().isNested()
                ? layers.add(larger, repeated(input, larger.channels(), grows ? 2 : 1))
                : larger;
    }

    /// Wan 2.2's shortcut (`DupUp3D`): channels repeated until they fill a block of `frames` x 2 x 2 pixels each.
    private Feature repeated(Feature x, int channels, int frames) {
        int pixels = 2 * 2;
        int repeats = channels * frames * pixels / x.channels();
        int[] order = new int[frames * channels * pixels];
        for (int frame = 0; frame < frames; frame++) {
            for (int channel = 0; channel < channels; channel++) {
                for (int pixel = 0; pixel < pixels; pixel++) {
                    int from = (channel * frames + frame) * pixels + pixel;
                    order[(frame * channels + channel) * pixels + pixel] = from / repeats;
                }
            }
        }
        Feature longer = layers.channelsToFrames(layers.channels(x, order), frames);
        return frames == 1 ? layers.pixelShuffle(longer, 2) : time.withoutFirst(layers.pixelShuffle(longer, 2));
    }

    /// Pixels per row that the last convolution gives.
    private int side(Feature x) {
        return traits.pixelsPerCell() / x.scale();
    }

    /// Wan 2.2 orders the pixels of a patch column first.
    private Feature rowsFirst(Feature rgb) {
        int side = (int) Math.round(Math.sqrt(rgb.channels() / 3.0));
        int[] order = new int[rgb.channels()];
        for (int i = 0; i < order.length; i++) {
            int colour = i / (side * side);
            int row = i / side % side;
            int column = i % side;
            order[i] = (colour * side + column) * side + row;
        }
        return side == 1 ? rgb : layers.channels(rgb, order);
    }
}
