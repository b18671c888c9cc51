package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;

/// The blocks of HunyuanVideo 1.5's VAE (`AutoencoderKLHunyuanVideo15` of diffusers): causal convolutions whose borders
/// are repeated, norms of each pixel's channels, attention of each frame to itself and all before it.
///
/// @param layers emits them
/// @param time gives causal layers their past
/// @param layout names tensors
record Hunyuan15Blocks(VaeLayers layers, CausalTime time, Hunyuan15Layout layout) {

    static Hunyuan15Blocks of(VaeLayers layers) {
        return new Hunyuan15Blocks(
                layers,
                CausalTime.withinEdges(layers),
                Hunyuan15Layout.of(layers.weights().checkpoint()));
    }

    /// Whether the file has the weight of a layer.
    boolean has(String layer) {
        return layers.has(layout.layer(layer) + ".weight");
    }

    Feature convolution(String name, Feature x) {
        return time.convolution(layout.layer(name), x);
    }

    /// Residual block, attention, residual block.
    ///
    /// @param name `encoder.mid_block` or `decoder.mid_block`
    Feature middle(String name, Feature x) {
        Feature mixed = attention(name + ".attentions.0", residual(name + ".resnets.0", x));
        return residual(name + ".resnets.1", mixed);
    }

    /// Residual blocks of one width, as many as there are.
    ///
    /// @param name `encoder.down_blocks.0`
    Feature residuals(String name, Feature input) {
        Feature x = input;
        for (int part = 0; has(name + ".resnets." + part + ".conv1.conv"); part++) {
            x = residual(name + ".resnets." + part, x);
        }
        return x;
    }

    /// Norm, SiLU and convolution at the end.
    ///
    /// @param name `encoder` or `decoder`
    Feature head(String name, Feature x) {
        return convolution(name + ".conv_out.conv", layers.silu(norm(name + ".norm_out", x)));
    }

    private Feature norm(String name, Feature x) {
        return layers.unitNorm(layout.layer(name) + ".gamma", x);
    }

    private Feature residual(String name, Feature x) {
        Feature inner = convolution(name + ".conv1.conv", layers.silu(norm(name + ".norm1", x)));
        Feature outer = convolution(name + ".conv2.conv", layers.silu(norm(name + ".norm2", inner)));
        return layers.add(outer, has(name + ".conv_shortcut") ? pointwise(name + ".conv_shortcut", x) : x);
    }

    private Feature attention(String name, Feature x) {
        Feature normal = norm(name + ".norm", x);
        Feature keys = time.kept(name + ".keys", pointwise(name + ".to_k", normal));
        Feature values = time.kept(name + ".values", pointwise(name + ".to_v", normal));
        Feature mixed = new SelfAttention(layers.graph()).toAll(pointwise(name + ".to_q", normal), keys, values);
        return layers.add(pointwise(name + ".proj_out", mixed), x);
    }

    private Feature pointwise(String name, Feature x) {
        return layers.convolution(layout.layer(name), x, Attributes.NONE);
    }
}
