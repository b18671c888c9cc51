package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxOp;
import java.util.List;

/// The blocks that the encoders and decoders of Stable Diffusion and of HunyuanVideo share.
///
/// @param layers emits them
/// @param layout names tensors
/// @param groups of the group norms
record KlBlocks(VaeLayers layers, KlLayout layout, int groups) {

    private static final List<String> OLD_NAMES = List.of("query", "key", "value", "proj_attn");
    private static final List<String> NAMES = List.of("to_q", "to_k", "to_v", "to_out.0");
    private static final Attributes HALVE = Attributes.ints("strides", 2, 2);

    /// Whether layers reach over time.
    boolean isVideo() {
        return layout == KlLayout.VIDEO;
    }

    /// Whether the file has the weight of a layer.
    boolean has(String layer) {
        return layers.has(layout.layer(layer) + ".weight");
    }

    /// Residual block, attention where the file has it, residual block.
    ///
    /// @param name `encoder.mid_block` or `decoder.mid_block`
    Feature middle(String name, Feature x) {
        Feature first = residual(name + ".resnets.0", x);
        boolean attends = layers.has(attentionLayer(name, 0) + ".weight");
        return residual(name + ".resnets.1", attends ? attention(name, first) : first);
    }

    /// Norm, SiLU and convolution at the end.
    ///
    /// @param name `encoder` or `decoder`
    Feature head(String name, Feature x) {
        return convolution(name + ".conv_out", layers.silu(norm(name + ".conv_norm_out", x)));
    }

    Feature residual(String name, Feature x) {
        Feature inner = convolution(name + ".conv1", layers.silu(norm(name + ".norm1", x)));
        Feature outer = convolution(name + ".conv2", layers.silu(norm(name + ".norm2", inner)));
        String shortcut = name + ".conv_shortcut";
        return layers.add(outer, layers.has(layout.layer(shortcut) + ".weight") ? convolution(shortcut, x) : x);
    }

    private Feature norm(String name, Feature x) {
        return layers.groupNorm(layout.layer(name), x, groups, isVideo());
    }

    Feature convolution(String name, Feature x) {
        String layer = layout.layer(name);
        int taps = layers.taps(layer);
        if (!isVideo() || taps == 1) {
            return layers.same(layer, x);
        }
        return layers.overTime(layer, edged(x, taps), 1, 0);
    }

    /// A convolution that halves rows and columns, in a clip perhaps frames.
    ///
    /// @param frames from output to output
    Feature narrowed(String name, Feature x, int frames) {
        String layer = layout.layer(name);
        Feature narrow = layers.overTime(layer, edged(x, layers.taps(layer)), frames, HALVE);
        return new Feature(narrow.value(), narrow.channels(), x.scale() / 2);
    }

    /// The first frame repeated before the clip, the border around each frame.
    private Feature edged(Feature x, int taps) {
        int around = taps / 2;
        return x.with(layers.graph()
                .op(
                        OnnxOp.Pad,
                        Attributes.of("mode", "edge"),
                        x.value(),
                        layers.graph().longs(taps - 1, 0, around, around, 0, 0, around, around)));
    }

    /// Files of early diffusers call the projections otherwise.
    private String attentionLayer(String middle, int part) {
        String name = middle + ".attentions.0.";
        String old = name + OLD_NAMES.get(part);
        return layers.has(old + ".weight") ? old : layout.layer(name + NAMES.get(part));
    }

    private Feature attention(String middle, Feature x) {
        Feature normal = norm(middle + ".attentions.0.group_norm", x);
        Feature q = layers.convolution(attentionLayer(middle, 0), normal, Attributes.NONE);
        Feature k = layers.convolution(attentionLayer(middle, 1), normal, Attributes.NONE);
        Feature v = layers.convolution(attentionLayer(middle, 2), normal, Attributes.NONE);
        SelfAttention attention = new SelfAttention(layers.graph());
        Feature mixed = isVideo() ? attention.acrossFrames(q, k, v) : attention.withinFrames(q, k, v);
        return layers.add(layers.convolution(attentionLayer(middle, 3), mixed, Attributes.NONE), x);
    }
}
