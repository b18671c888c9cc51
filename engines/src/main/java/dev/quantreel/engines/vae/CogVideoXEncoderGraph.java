package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import java.util.Map;

/// The encoder of CogVideoX (`AutoencoderKLCogVideoX` of diffusers): causal convolutions that find the frames before in
/// state, groups normalised over the frames of a run, which the reference cuts in the same places. Input and output as
/// [EncoderEnds] has them.
final class CogVideoXEncoderGraph {

    private static final Attributes HALVE = Attributes.ints("strides", 2, 2).andInts("pads", 0, 0, 1, 1);

    /// Downsamplers before this one halve the number of frames, too.
    private static final int SHORTENING = 2;

    private final VaeLayers layers;
    private final CausalTime time;
    private final EncoderEnds ends;
    private final int groups;

    private CogVideoXEncoderGraph(VaeLayers layers, EncoderEnds ends, int groups) {
        this.layers = layers;
        this.time = CausalTime.afterFirstFrame(layers);
        this.ends = ends;
        this.groups = groups;
    }

    static DecoderPlan.Graph build(VaeLayers layers, VaeTraits traits, int groups, EncoderLevels levels) {
        return new CogVideoXEncoderGraph(layers, new EncoderEnds(layers, traits, levels), groups).encoder();
    }

    private DecoderPlan.Graph encoder() {
        Feature x = time.convolution("encoder.conv_in.conv", ends.pictures());
        for (int block = 0; layers.has("encoder.down_blocks." + block + ".resnets.0.conv1.conv.weight"); block++) {
            String name = "encoder.down_blocks." + block;
            x = residuals(name, x);
            String downsampler = name + ".downsamplers.0.conv";
            if (layers.has(downsampler + ".weight")) {
                ends.level(x);
                Feature narrow = layers.convolution(downsampler, block < SHORTENING ? pairMeans(x) : x, HALVE);
                x = new Feature(narrow.value(), narrow.channels(), x.scale() / 2);
            }
        }
        x = residuals("encoder.mid_block", ends.level(x));
        Feature moments = time.convolution("encoder.conv_out.conv", normal("encoder.norm_out", x));
        ends.latent(layers.has("quant_conv.weight") ? layers.same("quant_conv", moments) : moments);
        return new DecoderPlan.Graph(layers.graph().build(Map.of()), time.state(), true);
    }

    private Feature residuals(String name, Feature input) {
        Feature x = input;
        for (int part = 0; layers.has(name + ".resnets." + part + ".conv1.conv.weight"); part++) {
            x = residual(name + ".resnets." + part, x);
        }
        return x;
    }

    private Feature residual(String name, Feature x) {
        Feature inner = time.convolution(name + ".conv1.conv", normal(name + ".norm1", x));
        Feature outer = time.convolution(name + ".conv2.conv", normal(name + ".norm2", inner));
        String shortcut = name + ".conv_shortcut";
        return layers.add(outer, layers.has(shortcut + ".weight") ? layers.same(shortcut, x) : x);
    }

    private Feature normal(String name, Feature x) {
        return layers.silu(layers.groupNorm(name, x, groups, true));
    }

    /// The mean of every two frames; the first of the clip stays itself.
    private Feature pairMeans(Feature x) {
        int channels = x.channels();
        int[][] pair = new int[2][channels];
        for (int i = 0; i < channels; i++) {
            pair[0][i] = i;
            pair[1][i] = channels + i;
        }
        return layers.means(layers.framesToChannels(time.pairedWithItself(x), 2), pair);
    }
}
