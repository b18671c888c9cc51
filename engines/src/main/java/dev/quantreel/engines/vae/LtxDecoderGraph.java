package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The decoder of LTX-Video 0.9.x (`AutoencoderKLLTXVideo` of diffusers). Convolutions look one frame back and one
/// ahead, with the first and last frame repeated; norms scale each pixel; upsamplers double frames, rows and
/// columns and
/// drop the first frame.
///
/// From 0.9.1 on it is conditioned on a timestep, how noisy the latent still is: here always 0, the default of
/// diffusers'
/// pipeline. The random patterns that 0.9.1 adds between convolutions are left out, so that a latent always gives
/// the
/// same pictures.
final class LtxDecoderGraph {

    private static final float EPSILON = 1e-8f;
    private static final float LAYER_NORM_EPSILON = 1e-6f;
    private static final int SINUSOIDS = 256;
    private static final int PATCH = 4;

    private final VaeLayers layers;
    private final LtxStages stages;
    private final VaeTraits traits;
    private final boolean causal;
    private final Map<String, Value> embedders = new HashMap<>();

    private LtxDecoderGraph(VaeLayers layers, VaeTraits traits, boolean causal) {
        this.layers = layers;
        this.stages = LtxStages.of(layers.weights().checkpoint());
        this.traits = traits;
        this.causal = causal;
    }

    /// @param causal whether convolutions look only back
    static DecoderPlan.Graph build(VaeLayers layers, VaeTraits traits, boolean causal) {
        return new LtxDecoderGraph(layers, traits, causal).decoder();
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
        Feature x = convolution("decoder.conv_in.conv", layers.toVae(latent, traits.normalization()));
        for (LtxStages.Stage stage : stages.stages()) {
            x = switch (stage) {
                case LtxStages.Stage.Residuals residuals -> residuals(residuals, x);
                case LtxStages.Stage.Widening(String name) -> residual(name, x, List.of());
                case LtxStages.Stage.Upsampler(String name) -> upsampled(name, x);
            };
        }
        x = layers.rmsOfChannels(x, EPSILON);
        String embedder = stages.finalEmbedder();
        if (layers.has(embedder + "scale_shift_table")) {
            List<Value> shiftScale = modulation(embedder + "time_embedder", embedder + "scale_shift_table", 2);
            x = modulated(x, shiftScale.get(0), shiftScale.get(1));
        }
        Feature patches = columnsFirst(convolution("decoder.conv_out.conv", layers.silu(x)));
        layers.graph()
                .output(
                        "rgb",
                        layers.toRgb(layers.pixelShuffle(patches, PATCH)),
                        DType.F32,
                        Dim.of("pictures"),
                        Dim.of("rows"),
                        Dim.of("columns"),
                        Dim.of(3));
        return new DecoderPlan.Graph(layers.graph().build(Map.of()), List.of(), false);
    }

    private Feature residuals(LtxStages.Stage.Residuals stage, Feature input) {
        Feature x = input;
        for (int part = 0; layers.has(stage.name() + "." + part + ".conv1.conv.weight"); part++) {
            String name = stage.name() + "." + part;
            boolean conditioned = layers.has(name + ".scale_shift_table");
            List<Value> four = conditioned
                    ? modulation(stage.embedder() + ".time_embedder", name + ".scale_shift_table", 4)
                    : List.of();
            x = residual(name, x, four);
        }
        return x;
    }

    /// @param modulation shift and scale of both halves; empty when not conditioned
    private Feature residual(String name, Feature x, List<Value> modulation) {
        Feature first = layers.rmsOfChannels(x, EPSILON);
        if (!modulation.isEmpty()) {
            first = modulated(first, modulation.get(0), modulation.get(1));
        }
        Feature second = layers.rmsOfChannels(convolution(name + ".conv1.conv", layers.silu(first)), EPSILON);
        if (!modulation.isEmpty()) {
            second = modulated(second, modulation.get(2), modulation.get(3));
        }
        Feature result = convolution(name + ".conv2.conv", layers.silu(second));
        if (!layers.has(stages.shortcut(name) + ".weight")) {
            return layers.add(result, x);
        }
        Feature normal = layers.layerNorm(stages.shortcutNorm(name), x, LAYER_NORM_EPSILON);
        return layers.add(result, layers.same(stages.shortcut(name), normal));
    }

    private Feature modulated(Feature x, Value shift, Value scale) {
        Value factor = layers.graph().op(OnnxOp.Add, scale, layers.graph().constant(1f));
        return x.with(layers.graph().op(OnnxOp.Add, layers.graph().op(OnnxOp.Mul, x.value(), factor), shift));
    }

    /// The embedded timestep plus a table, in `parts` columns `[channels, 1, 1]`.
    private List<Value> modulation(String embedder, String table, int parts) {
        int channels = Math.toIntExact(layers.shape(table).dim(1));
        Value rows = layers.graph().initializer(table, layers.weights().tensor(table));
        Value grid = layers.graph()
                .op(OnnxOp.Reshape, embedded(embedder), layers.graph().longs(parts, channels));
        Value sum = layers.graph().op(OnnxOp.Add, grid, rows);
        Value columns = layers.graph().op(OnnxOp.Reshape, sum, layers.graph().longs(parts, channels, 1, 1));
        return layers.graph().op(OnnxOp.Split, parts, Attributes.of("axis", 0).and("num_outputs", parts), columns);
    }

    private Value embedded(String name) {
        return embedders.computeIfAbsent(name, this::embed);
    }

    /// The features of timestep 0 (cosines 1, sines 0) through the two layers of the embedder.
    private Value embed(String name) {
        float[] features = new float[SINUSOIDS];
        Arrays.fill(features, 0, SINUSOIDS / 2, 1f);
        Value x = layers.graph().constant(Tensor.of(Shape.of(1, SINUSOIDS), features));
        Value hidden = dense(name + ".timestep_embedder.linear_1", x);
        Value active = layers.graph().op(OnnxOp.Mul, hidden, layers.graph().op(OnnxOp.Sigmoid, hidden));
        return dense(name + ".timestep_embedder.linear_2", active);
    }

    private Value dense(String name, Value x) {
        Value weight =
                layers.graph().initializer(name + ".weight", layers.weights().transposed(name + ".weight"));
        Value bias = layers.graph().initializer(name + ".bias", layers.weights().tensor(name + ".bias"));
        return layers.graph().op(OnnxOp.Add, layers.graph().op(OnnxOp.MatMul, x, weight), bias);
    }

    private Feature convolution(String name, Feature x) {
        int around = layers.taps(name) - 1;
        int before = causal ? around : around / 2;
        Value padded = layers.graph()
                .op(
                        OnnxOp.Pad,
                        Attributes.of("mode", "edge"),
                        x.value(),
                        layers.graph().longs(before, 0, 0, 0, around - before, 0, 0, 0));
        return layers.overTime(name, x.with(padded), 1, around / 2);
    }

    /// Twice as many frames, rows and columns; from 0.9.1 on with the input, rearranged likewise, added.
    private Feature upsampled(String name, Feature x) {
        Feature grown = convolution(name + ".conv.conv", x);
        int narrower = 8 * x.channels() / grown.channels();
        Feature blocks = shuffled(grown, grown.channels() / 8);
        return narrower == 1 ? blocks : layers.add(blocks, shuffled(x, grown.channels() / 8));
    }

    /// Channels in the order (channel, frame, row, column) to frames, rows and columns. A file of fewer channels
    /// than
    /// needed is repeated.
    private Feature shuffled(Feature x, int channels) {
        int[] order = new int[8 * channels];
        int distinct = x.channels() / 8;
        for (int frame = 0; frame < 2; frame++) {
            for (int channel = 0; channel < channels; channel++) {
                for (int pixel = 0; pixel < 4; pixel++) {
                    order[(frame * channels + channel) * 4 + pixel] = ((channel % distinct) * 2 + frame) * 4 + pixel;
                }
            }
        }
        Feature longer = layers.channelsToFrames(layers.channels(x, order), 2);
        return layers.framesFrom(layers.pixelShuffle(longer, 2), layers.graph().longs(1));
    }

    /// A patch's pixels are ordered column first.
    private Feature columnsFirst(Feature patches) {
        int[] order = new int[patches.channels()];
        for (int i = 0; i < order.length; i++) {
            int colour = i / (PATCH * PATCH);
            order[i] = (colour * PATCH + i % PATCH) * PATCH + i / PATCH % PATCH;
        }
        return layers.channels(patches, order);
    }
}
