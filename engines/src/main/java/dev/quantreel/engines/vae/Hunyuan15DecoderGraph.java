package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.tensor.DType;
import java.util.Map;
import java.util.function.IntUnaryOperator;

/// The decoder of HunyuanVideo 1.5, one latent frame a run: [Hunyuan15EncoderGraph] backwards. Upsamplers take pixels
/// (and pairs of frames) out of channels and add their input, rearranged likewise and repeated.
final class Hunyuan15DecoderGraph {

    /// Upsamplers before this one double the number of frames, too.
    private static final int LENGTHENING = 2;

    private final Hunyuan15Blocks blocks;
    private final VaeLayers layers;
    private final VaeTraits traits;

    private Hunyuan15DecoderGraph(Hunyuan15Blocks blocks, VaeTraits traits) {
        this.blocks = blocks;
        this.layers = blocks.layers();
        this.traits = traits;
    }

    static DecoderPlan.Graph build(Hunyuan15Blocks blocks, VaeTraits traits) {
        return new Hunyuan15DecoderGraph(blocks, traits).decoder();
    }

    private DecoderPlan.Graph decoder() {
        int channels = traits.latentChannels();
        Feature latent = new Feature(
                layers.graph()
                        .input(
                                "latent",
                                DType.F32,
                                Dim.of("frames"),
                                Dim.of(channels),
                                Dim.of("height"),
                                Dim.of("width")),
                channels,
                1);
        Feature z = layers.toVae(latent, traits.normalization());
        Feature wide = blocks.convolution("decoder.conv_in.conv", z);
        Feature x = blocks.middle("decoder.mid_block", layers.add(wide, repeated(z, wide.channels())));
        for (int block = 0; blocks.has("decoder.up_blocks." + block + ".resnets.0.conv1.conv"); block++) {
            String name = "decoder.up_blocks." + block;
            x = blocks.residuals(name, x);
            String upsampler = name + ".upsamplers.0.conv.conv";
            if (blocks.has(upsampler)) {
                x = block < LENGTHENING ? longer(upsampler, x) : larger(upsampler, x);
            }
        }
        layers.graph()
                .output(
                        "rgb",
                        layers.toRgb(blocks.head("decoder", x)),
                        DType.F32,
                        Dim.of("pictures"),
                        Dim.of("rows"),
                        Dim.of("columns"),
                        Dim.of(3));
        return new DecoderPlan.Graph(
                layers.graph().build(Map.of()), blocks.time().state(), true);
    }

    /// Twice as wide and high.
    private Feature larger(String name, Feature x) {
        Feature grown = unpacked(blocks.convolution(name, x));
        return layers.add(grown, unpacked(repeated(x, 4 * grown.channels())));
    }

    /// Twice as wide and high, and twice as many frames but for the first of the clip, which takes the first half of
    /// the channels.
    private Feature longer(String name, Feature x) {
        Feature convolved = blocks.convolution(name, x);
        Feature pairs = unpacked(layers.channelsToFrames(convolved, 2));
        int channels = pairs.channels();
        Feature begun = picked(unpacked(layers.frame(convolved, false)), channels, i -> i);
        Feature ownPairs = repeated(unpacked(layers.channelsToFrames(x, 2)), channels);
        Feature ownBegun = repeated(unpacked(layers.frame(x, false)), channels);
        Feature frames =
                layers.add(blocks.time().chosen(begun, pairs), blocks.time().chosen(ownBegun, ownPairs));
        return blocks.time().withoutFirst(frames);
    }

    /// Channels in the order row, column, channel to two by two pixels.
    private Feature unpacked(Feature x) {
        int left = x.channels() / 4;
        return layers.pixelShuffle(picked(x, x.channels(), i -> i % 4 * left + i / 4), 2);
    }

    /// Every channel as many times as gives so many.
    private Feature repeated(Feature x, int channels) {
        int times = channels / x.channels();
        return picked(x, channels, i -> i / times);
    }

    private Feature picked(Feature x, int channels, IntUnaryOperator source) {
        int[] order = new int[channels];
        for (int i = 0; i < channels; i++) {
            order[i] = source.applyAsInt(i);
        }
        return layers.channels(x, order);
    }
}
