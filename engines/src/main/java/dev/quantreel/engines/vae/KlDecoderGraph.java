package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.tensor.DType;
import java.util.List;
import java.util.Map;

/// The decoders of Stable Diffusion (each frame a picture of its own) and of HunyuanVideo
/// (`AutoencoderKLHunyuanVideo` of diffusers): the same blocks, but convolutions reach two frames back with the
/// first
/// frame repeated before the clip, groups are normalised over all frames, the middle attends to all frames up to its
/// own, and some upsamplers double the frames after the first.
final class KlDecoderGraph {

    private final KlBlocks blocks;
    private final VaeLayers layers;
    private final VaeTraits traits;

    private KlDecoderGraph(KlBlocks blocks, VaeTraits traits) {
        this.blocks = blocks;
        this.layers = blocks.layers();
        this.traits = traits;
    }

    static DecoderPlan.Graph build(KlBlocks blocks, VaeTraits traits) {
        return new KlDecoderGraph(blocks, traits).decoder();
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
        Feature x = layers.toVae(latent, traits.normalization());
        if (layers.has("post_quant_conv.weight")) {
            x = layers.same("post_quant_conv", x);
        }
        x = blocks.middle("decoder.mid_block", blocks.convolution("decoder.conv_in", x));
        for (int block = 0; hasResidual(block, 0); block++) {
            x = block(block, x);
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
        return new DecoderPlan.Graph(layers.graph().build(Map.of()), List.of(), false);
    }

    private static String residual(int block, int part) {
        return "decoder.up_blocks." + block + ".resnets." + part;
    }

    private boolean hasResidual(int block, int part) {
        return blocks.has(residual(block, part) + ".conv1");
    }

    private Feature block(int block, Feature input) {
        Feature x = input;
        for (int part = 0; hasResidual(block, part); part++) {
            x = blocks.residual(residual(block, part), x);
        }
        String upsampler = "decoder.up_blocks." + block + ".upsamplers.0.conv";
        if (!blocks.has(upsampler)) {
            return x;
        }
        // Three upsamplers in all; the first keeps the number of frames.
        Feature longer = blocks.isVideo() && block > 0 ? doubledFrames(x) : x;
        return blocks.convolution(upsampler, layers.twice(longer));
    }

    /// Every frame after the first twice.
    private Feature doubledFrames(Feature x) {
        Feature pairs = layers.channelsToFrames(
                x.with(
                        layers.graph().op(OnnxOp.Concat, Attributes.of("axis", 1), x.value(), x.value()),
                        2 * x.channels()),
                2);
        return layers.framesFrom(pairs, layers.graph().longs(1));
    }
}
