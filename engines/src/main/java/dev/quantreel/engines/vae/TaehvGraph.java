package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;

/// Emits the decoder as one graph over a chunk of consecutive latent frames. Frames are the batch axis; each memory
/// block also sees the frame before, for the first frame of the chunk through the input `past.N`, and returns its
/// own last frame as `last.N`, which is the `past.N` of the next chunk.
///
/// Inputs `latent` F32 `[frames, channels, height, width]` and `past.N`; outputs `rgb` F32 `[pictures, rows,
/// columns, 3]` in [0, 1] and `last.N`.
final class TaehvGraph {

    private static final Attributes SAME = Attributes.ints("pads", 1, 1, 1, 1);

    private final TaehvConfig config;
    private final FloatWeights weights;
    private final OnnxGraphBuilder graph = OnnxGraphBuilder.create("taehv-decoder");

    private TaehvGraph(TaehvConfig config, FloatWeights weights) {
        this.config = config;
        this.weights = weights;
    }

    static OnnxModel build(TaehvConfig config, FloatWeights weights) {
        return new TaehvGraph(config, weights).decoder();
    }

    static String past(int layer) {
        return "past." + layer;
    }

    static String last(int layer) {
        return "last." + layer;
    }

    private OnnxModel decoder() {
        Value latent = graph.input(
                "latent",
                DType.F32,
                Dim.of("frames"),
                Dim.of(config.latentChannels()),
                Dim.of("height"),
                Dim.of("width"));
        Value three = graph.constant(3f);
        Value bounded = graph.op(OnnxOp.Mul, graph.op(OnnxOp.Tanh, graph.op(OnnxOp.Div, latent, three)), three);
        Value x = relu(convolution("decoder.1", bounded));
        for (int stage = 0; stage < TaehvConfig.STAGES; stage++) {
            for (int block = 0; block < TaehvConfig.BLOCKS_PER_STAGE; block++) {
                x = memoryBlock(stage, TaehvConfig.block(stage, block), x);
            }
            x = grow(stage, upsample(x));
            x = convolution("decoder." + (TaehvConfig.grow(stage) + 1), x);
        }
        Value patches = convolution("decoder.22", relu(x));
        Attributes shuffle = Attributes.of("blocksize", config.patch()).and("mode", "CRD");
        Value rgb = config.patch() == 1 ? patches : graph.op(OnnxOp.DepthToSpace, shuffle, patches);
        Value clamped = graph.op(OnnxOp.Clip, rgb, graph.constant(0f), graph.constant(1f));
        graph.output(
                "rgb",
                graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 3, 1), clamped),
                DType.F32,
                Dim.of("pictures"),
                Dim.of("rows"),
                Dim.of("columns"),
                Dim.of(3));
        return graph.build(Map.of());
    }

    private Value memoryBlock(int stage, int layer, Value x) {
        Dim[] frame = {Dim.of(1), Dim.of(config.widths().get(stage)), Dim.of("height" + stage), Dim.of("width" + stage)
        };
        Value past = graph.input(past(layer), DType.F32, frame);
        Value[] result = new Value[1];
        graph.scope("decoder." + layer, () -> {
            Value shifted = graph.op(
                    OnnxOp.Slice,
                    graph.op(OnnxOp.Concat, Attributes.of("axis", 0), past, x),
                    graph.longs(0),
                    graph.longs(-1),
                    graph.longs(0));
            Value joined = graph.op(OnnxOp.Concat, Attributes.of("axis", 1), x, shifted);
            String conv = "decoder." + layer + ".conv.";
            Value hidden = relu(convolution(conv + "2", relu(convolution(conv + "0", joined))));
            result[0] = relu(graph.op(OnnxOp.Add, convolution(conv + "4", hidden), x));
            Value last = graph.op(OnnxOp.Slice, x, graph.longs(-1), graph.longs(Integer.MAX_VALUE), graph.longs(0));
            graph.output(last(layer), last, DType.F32, frame);
        });
        return result[0];
    }

    private Value upsample(Value x) {
        Attributes nearest = Attributes.of("mode", "nearest")
                .and("coordinate_transformation_mode", "asymmetric")
                .and("nearest_mode", "floor");
        Value scales = graph.constant(Tensor.of(Shape.of(4), 1, 1, 2, 2));
        return graph.op(OnnxOp.Resize, nearest, x, graph.none, scales);
    }

    /// A 1x1 convolution to `factor` times the channels, whose groups become consecutive frames. Files for decoders
    /// that lengthen more hold more rows; the last ones are those of this decoder.
    private Value grow(int stage, Value x) {
        int width = config.widths().get(stage);
        int rows = config.timeFactor(stage) * width;
        String name = "decoder." + TaehvConfig.grow(stage) + ".conv.weight";
        Tensor all = weights.tensor(name);
        long rowBytes = (long) width * Float.BYTES;
        Tensor last = new Tensor(
                DType.F32,
                Shape.of(rows, width, 1, 1),
                all.data().asSlice((all.shape().dim(0) - rows) * rowBytes, rows * rowBytes));
        Value grown = graph.op(OnnxOp.Conv, x, graph.initializer(name, last));
        return graph.op(OnnxOp.Reshape, grown, graph.longs(-1, width, 0, 0));
    }

    private Value convolution(String layer, Value x) {
        Value weight = graph.initializer(layer + ".weight", weights.tensor(layer + ".weight"));
        String bias = layer + ".bias";
        return weights.checkpoint().contains(bias)
                ? graph.op(OnnxOp.Conv, SAME, x, weight, graph.initializer(bias, weights.tensor(bias)))
                : graph.op(OnnxOp.Conv, SAME, x, weight);
    }

    private Value relu(Value x) {
        return graph.op(OnnxOp.Relu, x);
    }
}
