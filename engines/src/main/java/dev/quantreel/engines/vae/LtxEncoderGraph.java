package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import java.util.Map;

/// The encoder of LTX-Video 0.9.x (`AutoencoderKLLTXVideo` of diffusers), which takes four by four pixels as one. A run
/// takes the pictures of one latent frame; convolutions find the frames before in state, the first frame of the clip
/// before it. Input and output as [EncoderEnds] has them.
final class LtxEncoderGraph {

    private static final Attributes HALVE = Attributes.ints("strides", 2, 2).andInts("pads", 1, 1, 1, 1);
    private static final float EPSILON = 1e-8f;
    private static final float LAYER_NORM_EPSILON = 1e-6f;
    private static final int PATCH = 4;

    private final VaeLayers layers;
    private final CausalTime time;
    private final LtxStages names;
    private final EncoderEnds ends;

    private LtxEncoderGraph(VaeLayers layers, VaeTraits traits, EncoderLevels levels) {
        this.layers = layers;
        this.time = CausalTime.afterFirstFrame(layers);
        this.names = LtxStages.of(layers.weights().checkpoint());
        this.ends = new EncoderEnds(layers, traits, levels);
    }

    static DecoderPlan.Graph build(VaeLayers layers, VaeTraits traits, EncoderLevels levels) {
        return new LtxEncoderGraph(layers, traits, levels).encoder();
    }

    private DecoderPlan.Graph encoder() {
        Feature x = time.convolution("encoder.conv_in.conv", ends.patches(ends.pictures(), PATCH));
        for (LtxEncoderStages.Stage stage : LtxEncoderStages.of(layers.weights().checkpoint())) {
            x = switch (stage) {
                case LtxEncoderStages.Stage.Residual(String name) -> residual(name, x);
                case LtxEncoderStages.Stage.Strided(String name) -> strided(name, ends.level(x));
                case LtxEncoderStages.Stage.Packed packed -> packed(packed, ends.level(x));
            };
        }
        ends.level(x);
        ends.latent(time.convolution("encoder.conv_out.conv", layers.silu(layers.rmsOfChannels(x, EPSILON))));
        return new DecoderPlan.Graph(layers.graph().build(Map.of()), time.state(), true);
    }

    private Feature residual(String name, Feature x) {
        Feature inner = convolved(name + ".conv1.conv", x);
        Feature result = convolved(name + ".conv2.conv", inner);
        String shortcut = names.shortcut(name);
        if (!layers.has(shortcut + ".weight")) {
            return layers.add(result, x);
        }
        Feature normal = layers.layerNorm(names.shortcutNorm(name), x, LAYER_NORM_EPSILON);
        return layers.add(result, layers.same(shortcut, normal));
    }

    private Feature convolved(String name, Feature x) {
        return time.convolution(name, layers.silu(layers.rmsOfChannels(x, EPSILON)));
    }

    private Feature strided(String name, Feature x) {
        Feature half = time.everySecond(name, x, HALVE);
        return new Feature(half.value(), half.channels(), x.scale() / 2);
    }

    /// With the means of the input, rearranged likewise, added.
    private Feature packed(LtxEncoderStages.Stage.Packed stage, Feature x) {
        Feature whole = stage.frames() == 1 ? x : time.pairedWithItself(x);
        Feature packed = ends.blocks(time.convolution(stage.name(), whole), stage.frames(), stage.side());
        Feature own = ends.blocks(whole, stage.frames(), stage.side());
        return layers.add(packed, ends.averaged(own, packed.channels()));
    }
}
