package dev.quantreel.engines.vae;

import java.util.Map;

/// The encoder of HunyuanVideo 1.5. A run takes the pictures of one latent frame, so that its cells may see all that
/// were before. Downsamplers put pixels (and pairs of frames) into channels and add the means of their input. Input and
/// output as [EncoderEnds] has them.
final class Hunyuan15EncoderGraph {

    /// Downsamplers from this one on halve the number of frames, too.
    private static final int FIRST_SHORTENING = 2;

    private final Hunyuan15Blocks blocks;
    private final VaeLayers layers;
    private final EncoderEnds ends;
    private final int latentChannels;

    private Hunyuan15EncoderGraph(Hunyuan15Blocks blocks, VaeTraits traits, EncoderLevels levels) {
        this.blocks = blocks;
        this.layers = blocks.layers();
        this.ends = new EncoderEnds(layers, traits, levels);
        this.latentChannels = traits.latentChannels();
    }

    static DecoderPlan.Graph build(Hunyuan15Blocks blocks, VaeTraits traits, EncoderLevels levels) {
        return new Hunyuan15EncoderGraph(blocks, traits, levels).encoder();
    }

    private DecoderPlan.Graph encoder() {
        Feature x = blocks.convolution("encoder.conv_in.conv", ends.pictures());
        for (int block = 0; blocks.has("encoder.down_blocks." + block + ".resnets.0.conv1.conv"); block++) {
            String name = "encoder.down_blocks." + block;
            x = blocks.residuals(name, x);
            String downsampler = name + ".downsamplers.0.conv.conv";
            if (blocks.has(downsampler)) {
                ends.level(x);
                x = block < FIRST_SHORTENING ? smaller(downsampler, x) : shorter(downsampler, x);
            }
        }
        x = blocks.middle("encoder.mid_block", ends.level(x));
        ends.latent(layers.add(blocks.head("encoder", x), ends.averaged(x, 2 * latentChannels)));
        return new DecoderPlan.Graph(
                layers.graph().build(Map.of()), blocks.time().state(), true);
    }

    /// Half as wide and high.
    private Feature smaller(String name, Feature x) {
        Feature packed = layers.spaceToChannels(blocks.convolution(name, x), 2);
        return layers.add(packed, ends.averaged(layers.spaceToChannels(x, 2), packed.channels()));
    }

    /// Half as wide and high, and half as many frames. The first of the clip is paired with itself but for its means,
    /// which have a group of half the size.
    private Feature shorter(String name, Feature x) {
        Feature packed = packed(blocks.convolution(name, x));
        Feature begun = ends.averaged(layers.spaceToChannels(layers.frame(x, false), 2), packed.channels());
        return layers.add(packed, blocks.time().chosen(begun, ends.averaged(packed(x), packed.channels())));
    }

    /// Two frames of two by two pixels as channels, in the order frame, row, column, channel.
    private Feature packed(Feature x) {
        return layers.framesToChannels(layers.spaceToChannels(blocks.time().pairedWithItself(x), 2), 2);
    }
}
