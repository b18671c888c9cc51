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

    private static final List<String> OLD_NAMES = List.of("query", "key", "value", "proj_attn");
    private static final List<String> NAMES = List.of("to_q", "to_k", "to_v", "to_out.0");

    private final VaeLayers layers;
    private final KlLayout layout;
    private final KlFamilies.Config config;
    private final boolean video;

    private KlDecoderGraph(VaeLayers layers, KlLayout layout, KlFamilies.Config config) {
        this.layers = layers;
        this.layout = layout;
        this.config = config;
        this.video = layout == KlLayout.VIDEO;
    }

    static DecoderPlan.Graph build(VaeLayers layers, KlLayout layout, KlFamilies.Config config) {
        return new KlDecoderGraph(layers, layout, config).decoder();
    }

    private DecoderPlan.Graph decoder() {
        int channels = config.traits().latentChannels();
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
        Feature x = layers.toVae(latent, config.traits().normalization());
        if (layers.has("post_quant_conv.weight")) {
            x = layers.same("post_quant_conv", x);
        }
        x = convolution("decoder.conv_in", x);
        x = residual("decoder.mid_block.resnets.0", x);
        if (layers.has(attentionLayer(0) + ".weight")) {
            x = attention(x);
        }
        x = residual("decoder.mid_block.resnets.1", x);
        for (int block = 0; hasResidual(block, 0); block++) {
            x = block(block, x);
        }
        x = layers.silu(norm("decoder.conv_norm_out", x));
        layers.graph()
                .output(
                        "rgb",
                        layers.toRgb(convolution("decoder.conv_out", x)),
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
        return layers.has(layout.layer(residual(block, part) + ".conv1") + ".weight");
    }

    private Feature block(int block, Feature input) {
        Feature x = input;
        for (int part = 0; hasResidual(block, part); part++) {
            x = residual(residual(block, part), x);
        }
        String upsampler = "decoder.up_blocks." + block + ".upsamplers.0.conv";
        if (!layers.has(layout.layer(upsampler) + ".weight")) {
            return x;
        }
        // Three upsamplers in all; the first keeps the number of frames.
        Feature longer = video && block > 0 ? doubledFrames(x) : x;
        return convolution(upsampler, layers.twice(longer));
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

    private Feature residual(String name, Feature x) {
        Feature inner = convolution(name + ".conv1", layers.silu(norm(name + ".norm1", x)));
        Feature outer = convolution(name + ".conv2", layers.silu(norm(name + ".norm2", inner)));
        String shortcut = name + ".conv_shortcut";
        return layers.add(outer, layers.has(layout.layer(shortcut) + ".weight") ? convolution(shortcut, x) : x);
    }

    private Feature norm(String name, Feature x) {
        return layers.groupNorm(layout.layer(name), x, config.groups(), video);
    }

    private Feature convolution(String name, Feature x) {
        String layer = layout.layer(name);
        int taps = layers.taps(layer);
        if (!video || taps == 1) {
            return layers.same(layer, x);
        }
        int around = taps / 2;
        Feature padded = x.with(layers.graph()
                .op(
                        OnnxOp.Pad,
                        Attributes.of("mode", "edge"),
                        x.value(),
                        layers.graph().longs(taps - 1, 0, around, around, 0, 0, around, around)));
        return layers.overTime(layer, padded, 1, 0);
    }

    /// Files of early diffusers call the projections otherwise.
    private String attentionLayer(int part) {
        String name = "decoder.mid_block.attentions.0.";
        String old = name + OLD_NAMES.get(part);
        return layers.has(old + ".weight") ? old : layout.layer(name + NAMES.get(part));
    }

    private Feature attention(Feature x) {
        Feature normal = norm("decoder.mid_block.attentions.0.group_norm", x);
        Feature q = layers.convolution(attentionLayer(0), normal, Attributes.NONE);
        Feature k = layers.convolution(attentionLayer(1), normal, Attributes.NONE);
        Feature v = layers.convolution(attentionLayer(2), normal, Attributes.NONE);
        SelfAttention attention = new SelfAttention(layers.graph());
        Feature mixed = video ? attention.acrossFrames(q, k, v) : attention.withinFrames(q, k, v);
        return layers.add(layers.convolution(attentionLayer(3), mixed, Attributes.NONE), x);
    }
}
