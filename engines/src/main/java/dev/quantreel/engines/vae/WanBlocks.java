package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import java.util.List;

/// The blocks that Wan's encoders and decoders share (`wan/modules/vae.py` of Wan 2.1).
///
/// @param layers emits them
/// @param time gives causal layers their past
/// @param layout names tensors
record WanBlocks(VaeLayers layers, CausalTime time, WanVaeLayout layout) {

    /// A tensor's or layer's name in the file.
    String file(String name) {
        // Layers end without a dot, but the rules look for one behind them.
        String dotted = layout.name(name + ".");
        return dotted.substring(0, dotted.length() - 1);
    }

    boolean has(String tensor) {
        return layers.has(layout.name(tensor));
    }

    Feature convolution(String name, Feature x) {
        return time.convolution(file(name), x);
    }

    Feature norm(String name, Feature x) {
        return layers.unitNorm(file(name) + ".gamma", x);
    }

    /// Norm, SiLU, convolution, twice, and the input (through a 1x1 convolution when the channels change) added.
    Feature residual(String name, Feature x) {
        Feature inner = convolution(name + ".conv1", layers.silu(norm(name + ".norm1", x)));
        Feature outer = convolution(name + ".conv2", layers.silu(norm(name + ".norm2", inner)));
        String shortcut = name + ".conv_shortcut";
        return layers.add(outer, has(shortcut + ".weight") ? convolution(shortcut, x) : x);
    }

    /// Residual block, attention within each frame, residual block.
    ///
    /// @param name `encoder.mid_block` or `decoder.mid_block`
    Feature middle(String name, Feature x) {
        Feature mixed = attention(name + ".attentions.0", residual(name + ".resnets.0", x));
        return residual(name + ".resnets.1", mixed);
    }

    private Feature attention(String name, Feature x) {
        Feature qkv = layers.same(file(name + ".to_qkv"), norm(name + ".norm", x));
        List<Value> parts =
                layers.graph().op(OnnxOp.Split, 3, Attributes.of("axis", 1).and("num_outputs", 3), qkv.value());
        Feature mixed = new SelfAttention(layers.graph())
                .withinFrames(x.with(parts.get(0)), x.with(parts.get(1)), x.with(parts.get(2)));
        return layers.add(layers.same(file(name + ".proj"), mixed), x);
    }

    /// Norm, SiLU and convolution at the end.
    ///
    /// @param name `encoder` or `decoder`
    Feature head(String name, Feature x) {
        return convolution(name + ".conv_out", layers.silu(norm(name + ".norm_out", x)));
    }
}
