package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import java.util.Map;

/// The encoders of Wan 2.1 and Wan 2.2 (`wan/modules/vae.py`, `vae2_2.py`). Wan 2.2's takes 2 x 2 pixels as one
/// and adds
/// a shortcut without weights around each of its blocks. Input `pictures` F32 `[frames, rows, columns, 3]` in [0,
/// 1],
/// output `latent` F32 `[latents, channels, height, width]` as the diffusion transformer takes it: the mean,
/// normalised.
final class WanEncoderGraph {

    /// Zeros only behind, where a kernel of three with stride two would reach beyond.
    private static final Attributes HALVE = Attributes.ints("strides", 2, 2).andInts("pads", 0, 0, 1, 1);

    private final WanBlocks blocks;
    private final VaeLayers layers;
    private final VaeTraits traits;
    private final EncoderEnds ends;

    private WanEncoderGraph(WanBlocks blocks, VaeTraits traits, EncoderLevels levels) {
        this.blocks = blocks;
        this.layers = blocks.layers();
        this.traits = traits;
        this.ends = new EncoderEnds(layers, traits, levels);
    }

    static DecoderPlan.Graph build(WanBlocks blocks, VaeTraits traits, EncoderLevels levels) {
        return new WanEncoderGraph(blocks, traits, levels).encoder();
    }

    private DecoderPlan.Graph encoder() {
        Feature x = blocks.convolution("encoder.conv_in", ends.patches(ends.pictures(), WanFamilies.patch(traits)));
        x = blocks.layout().isNested() ? narrowed(x) : listed(x);
        x = blocks.head("encoder", blocks.middle("encoder.mid_block", ends.level(x)));
        Feature moments = blocks.convolution("quant_conv", x);
        ends.latent(moments);
        return new DecoderPlan.Graph(
                layers.graph().build(Map.of()),
                blocks.time().state(),
                !blocks.time().state().isEmpty());
    }

    /// Wan 2.1: one list of residual blocks and downsamplers.
    private Feature listed(Feature input) {
        Feature x = input;
        for (int layer = 0; ; layer++) {
            String name = "encoder.down_blocks." + layer;
            if (blocks.has(name + ".conv1.weight")) {
                x = blocks.residual(name, x);
            } else if (blocks.has(name + ".resample.1.weight")) {
                x = downsampled(name, ends.level(x));
            } else {
                return x;
            }
        }
    }

    /// Wan 2.2: residual blocks, a downsampler but for the last, and the input's means added.
    private Feature narrowed(Feature input) {
        Feature x = input;
        for (int block = 0; ; block++) {
            String name = "encoder.down_blocks." + block;
            if (!blocks.has(name + ".resnets.0.conv1.weight")) {
                return x;
            }
            Feature inner = x;
            for (int part = 0; part < WanVaeLayout.NARROWING_BLOCKS; part++) {
                inner = blocks.residual(name + ".resnets." + part, inner);
            }
            String sampler = name + ".downsampler";
            boolean smaller = blocks.has(sampler + ".resample.1.weight");
            boolean shorter = blocks.has(sampler + ".time_conv.weight");
            Feature outer = smaller ? downsampled(sampler, ends.level(inner)) : inner;
            x = layers.add(outer, averaged(x, outer.channels(), smaller ? 2 : 1, shorter ? 2 : 1));
        }
    }

    /// Wan 2.2's shortcut (`AvgDown3D`): the values of `frames` x `side` x `side` pixels, cut into groups of equal
    /// size, each its mean.
    private Feature averaged(Feature x, int channels, int side, int frames) {
        Feature whole = frames == 1 ? x : blocks.time().paired(x);
        return ends.averaged(ends.blocks(whole, frames, side), channels);
    }

    private Feature downsampled(String name, Feature x) {
        Feature smaller = layers.convolution(blocks.file(name + ".resample.1"), x, HALVE);
        Feature halved = new Feature(smaller.value(), smaller.channels(), x.scale() / 2);
        return blocks.has(name + ".time_conv.weight")
                ? blocks.time().halved(blocks.file(name + ".time_conv"), halved)
                : halved;
    }
}
