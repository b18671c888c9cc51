package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.Map;

/// The encoder of Wan 2.1's VAE (`wan/modules/vae.py`). Input `pictures` F32 `[frames, rows, columns, 3]` in [0, 1],
/// output `latent` F32 `[latents, channels, height, width]` as the diffusion transformer takes it: the mean,
// normalised.
final class WanEncoderGraph {

    /// Zeros only behind, where a kernel of three with stride two would reach beyond.
    private static final Attributes HALVE = Attributes.ints("strides", 2, 2).andInts("pads", 0, 0, 1, 1);

    private final WanBlocks blocks;
    private final VaeLayers layers;
    private final VaeTraits traits;

    private WanEncoderGraph(WanBlocks blocks, VaeTraits traits) {
        this.blocks = blocks;
        this.layers = blocks.layers();
        this.traits = traits;
    }

    static DecoderPlan.Graph build(WanBlocks blocks, VaeTraits traits) {
        return new WanEncoderGraph(blocks, traits).encoder();
    }

    private DecoderPlan.Graph encoder() {
        Feature x = blocks.convolution("encoder.conv_in", pictures());
        for (int layer = 0; ; layer++) {
            String name = "encoder.down_blocks." + layer;
            if (blocks.has(name + ".conv1.weight")) {
                x = blocks.residual(name, x);
            } else if (blocks.has(name + ".resample.1.weight")) {
                x = downsampled(name, x);
            } else {
                break;
            }
        }
        x = blocks.head("encoder", blocks.middle("encoder.mid_block", x));
        Feature moments = blocks.convolution("quant_conv", x);
        int[] first = new int[traits.latentChannels()];
        for (int i = 0; i < first.length; i++) {
            first[i] = i;
        }
        Feature latent = layers.toModel(layers.channels(moments, first), traits.normalization());
        layers.graph()
                .output(
                        "latent",
                        latent.value(),
                        DType.F32,
                        Dim.of("latents"),
                        Dim.of(traits.latentChannels()),
                        Dim.of("height1"),
                        Dim.of("width1"));
        return new DecoderPlan.Graph(
                layers.graph().build(Map.of()),
                blocks.time().state(),
                !blocks.time().state().isEmpty());
    }

    private Feature pictures() {
        Value rgb = layers.graph()
                .input("pictures", DType.F32, Dim.of("frames"), Dim.of("rows"), Dim.of("columns"), Dim.of(3));
        Value planes = layers.graph().op(OnnxOp.Transpose, Attributes.ints("perm", 0, 3, 1, 2), rgb);
        Value doubled = layers.graph().op(OnnxOp.Mul, planes, layers.graph().constant(2f));
        Value signed = layers.graph().op(OnnxOp.Sub, doubled, layers.graph().constant(1f));
        return new Feature(signed, 3, traits.pixelsPerCell());
    }

    private Feature downsampled(String name, Feature x) {
        Feature smaller = layers.convolution(blocks.file(name + ".resample.1"), x, HALVE);
        Feature halved = new Feature(smaller.value(), smaller.channels(), x.scale() / 2);
        return blocks.has(name + ".time_conv.weight")
                ? blocks.time().halved(blocks.file(name + ".time_conv"), halved)
                : halved;
    }
}
