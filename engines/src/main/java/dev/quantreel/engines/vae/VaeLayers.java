package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.DamagedCheckpointException;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The layers that VAEs are made of, on frames as the batch axis. Weights are found by the names given and checked
/// against the channels that flow into them.
///
/// A convolution over time and space is written as one 2D convolution per time tap, of the frames that the tap sees,
/// and their sum. On ONNX Runtime's CPU that takes 11 % less CPU time than `Conv` with three spatial axes (96 and
/// 384
/// channels, kernels of 3 x 3 x 3, one thread), because 2D convolutions run on blocked channels; the price is a
/// second
/// copy of the input, which tiles bound.
///
/// @param graph receives the nodes
/// @param weights of the checkpoint
/// @param arena receives rearranged weights
record VaeLayers(OnnxGraphBuilder graph, FloatWeights weights, Arena arena) {

    private static final int ALL = Integer.MAX_VALUE;

    boolean has(String name) {
        return weights.checkpoint().contains(name);
    }

    Shape shape(String name) {
        if (!has(name)) {
            throw new DamagedCheckpointException(weights.checkpoint().source(), "tensor " + name + " is missing");
        }
        return weights.checkpoint().shape(name);
    }

    /// A 2D convolution of each frame.
    ///
    /// @param name of the layer: `name.weight`, `name.bias`; 5-axis weights with one time tap are taken as 2D
    Feature convolution(String name, Feature x, Attributes attributes) {
        Shape shape = shape(name + ".weight");
        require(name, shape, x, 1);
        Tensor weight = weights.tensor(name + ".weight");
        Tensor flat = shape.rank() == 5
                ? weight.reshape(shape.dim(0), shape.dim(1), shape.dim(3), shape.dim(4))
                : shape.rank() == 2 ? weight.reshape(shape.dim(0), shape.dim(1), 1, 1) : weight;
        Value kernel = graph.initializer(name + ".weight", flat);
        Value y = has(name + ".bias")
                ? graph.op(OnnxOp.Conv, attributes, x.value(), kernel, bias(name))
                : graph.op(OnnxOp.Conv, attributes, x.value(), kernel);
        return x.with(y, Math.toIntExact(shape.dim(0)));
    }

    /// A 2D convolution that keeps the size, zeros around.
    Feature same(String name, Feature x) {
        int side = Math.toIntExact(shape(name + ".weight").dim(-1));
        return convolution(name, x, pads(side / 2));
    }

    private Value bias(String name) {
        return graph.initializer(name + ".bias", weights.tensor(name + ".bias"));
    }

    private static Attributes pads(int side) {
        return side == 0 ? Attributes.NONE : Attributes.ints("pads", side, side, side, side);
    }

    /// Time taps of a layer.
    int taps(String name) {
        Shape shape = shape(name + ".weight");
        return shape.rank() == 5 ? Math.toIntExact(shape.dim(2)) : 1;
    }

    /// A convolution over time and space: `taps - 1` frames more go in than come out.
    ///
    /// @param frames the input with its frames before (and, not causal, after) already in front and behind
    /// @param stride frames from output to output
    /// @param pad zeros around each frame
    Feature overTime(String name, Feature frames, int stride, int pad) {
        return overTime(name, frames, stride, pads(pad));
    }

    /// As above.
    ///
    /// @param each how each frame is convolved
    Feature overTime(String name, Feature frames, int stride, Attributes each) {
        int taps = taps(name);
        Shape shape = shape(name + ".weight");
        require(name, shape, frames, taps);
        Tensor weight = weights.tensor(name + ".weight");
        Value sum = graph.none;
        for (int tap = 0; tap < taps; tap++) {
            Value seen = graph.op(
                    OnnxOp.Slice,
                    frames.value(),
                    graph.longs(tap),
                    graph.longs(tap == taps - 1 ? ALL : tap - taps + 1),
                    graph.longs(0),
                    graph.longs(stride));
            Value kernel = graph.initializer(name + ".weight." + tap, tap(weight, tap));
            Value part = tap == 0 && has(name + ".bias")
                    ? graph.op(OnnxOp.Conv, each, seen, kernel, bias(name))
                    : graph.op(OnnxOp.Conv, each, seen, kernel);
            sum = tap == 0 ? part : graph.op(OnnxOp.Add, sum, part);
        }
        return frames.with(sum, Math.toIntExact(shape.dim(0)));
    }

    /// One time tap `[out, in, height, width]` of `[out, in, taps, height, width]`.
    private Tensor tap(Tensor weight, int tap) {
        Shape shape = weight.shape();
        long plane = shape.dim(3) * shape.dim(4) * Float.BYTES;
        Shape flat = Shape.of(shape.dim(0), shape.dim(1), shape.dim(3), shape.dim(4));
        Tensor result = Tensor.allocate(DType.F32, flat, arena);
        for (long i = 0; i < shape.dim(0) * shape.dim(1); i++) {
            long source = (i * shape.dim(2) + tap) * plane;
            MemorySegment.copy(weight.data(), source, result.data(), i * plane, plane);
        }
        return result;
    }

    private void require(String name, Shape shape, Feature x, int taps) {
        boolean fits = shape.rank() >= 2
                && shape.dim(1) == x.channels()
                && (shape.rank() != 5 ? taps == 1 : shape.dim(2) == taps);
        if (!fits) {
            throw new UnsupportedCheckpointException(
                    weights.checkpoint().source(),
                    "tensor " + name + ".weight is " + shape + ", expected " + x.channels() + " channels in and " + taps
                            + " time taps");
        }
    }

    /// `x * sigmoid(x)`.
    Feature silu(Feature x) {
        return x.with(graph.op(OnnxOp.Mul, x.value(), graph.op(OnnxOp.Sigmoid, x.value())));
    }

    Feature add(Feature a, Feature b) {
        return a.with(graph.op(OnnxOp.Add, a.value(), b.value()));
    }

    /// A weight of one value per channel as `[channels, 1, 1]`, times `factor`.
    ///
    /// @throws UnsupportedCheckpointException when it has another number of values
    Value perChannel(String name, int channels, double factor) {
        if (shape(name).elements() != channels) {
            throw new UnsupportedCheckpointException(
                    weights.checkpoint().source(),
                    "tensor " + name + " is " + shape(name) + ", expected " + channels + " values");
        }
        float[] values = weights.tensor(name).toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (values[i] * factor);
        }
        return graph.initializer(name, Tensor.of(Shape.of(channels, 1, 1), values));
    }

    /// Divides each pixel by the root of its channels' mean square (plus `epsilon`).
    Feature rmsOfChannels(Feature x, float epsilon) {
        Value length = graph.op(OnnxOp.ReduceL2, Attributes.of("keepdims", 1), x.value(), graph.longs(1));
        Value square = graph.op(OnnxOp.Mul, length, length);
        Value mean = graph.op(OnnxOp.Div, square, graph.constant((float) x.channels()));
        Value root = graph.op(OnnxOp.Sqrt, graph.op(OnnxOp.Add, mean, graph.constant(epsilon)));
        return x.with(graph.op(OnnxOp.Div, x.value(), root));
    }

    /// Wan's norm: each pixel's channels scaled to length `sqrt(channels)`, times `name`.
    Feature unitNorm(String name, Feature x) {
        Value length = graph.op(OnnxOp.ReduceL2, Attributes.of("keepdims", 1), x.value(), graph.longs(1));
        Value safe = graph.op(OnnxOp.Max, length, graph.constant(1e-12f));
        Value unit = graph.op(OnnxOp.Div, x.value(), safe);
        return x.with(graph.op(OnnxOp.Mul, unit, perChannel(name, x.channels(), Math.sqrt(x.channels()))));
    }

    /// LayerNorm of each pixel's channels with `name.weight` and `name.bias`.
    Feature layerNorm(String name, Feature x, float epsilon) {
        Value mean = graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 1), x.value(), graph.longs(1));
        Feature normal = rmsOfChannels(x.with(graph.op(OnnxOp.Sub, x.value(), mean)), epsilon);
        return affine(name, normal);
    }

    private Feature affine(String name, Feature x) {
        Value scaled = graph.op(OnnxOp.Mul, x.value(), perChannel(name + ".weight", x.channels(), 1));
        return x.with(graph.op(OnnxOp.Add, scaled, perChannel(name + ".bias", x.channels(), 1)));
    }

    /// GroupNorm with `name.weight` and `name.bias`.
    ///
    /// @param acrossFrames whether a group spans all frames or one
    Feature groupNorm(String name, Feature x, int groups, boolean acrossFrames) {
        if (x.channels() % groups != 0) {
            throw new UnsupportedCheckpointException(
                    weights.checkpoint().source(),
                    "layer " + name + " has " + x.channels() + " channels, which " + groups + " groups do not divide");
        }
        Value axes = acrossFrames ? graph.longs(0, 2) : graph.longs(2);
        Value grouped = graph.op(OnnxOp.Reshape, x.value(), graph.longs(0, groups, -1));
        Attributes keep = Attributes.of("keepdims", 1);
        Value centred = graph.op(OnnxOp.Sub, grouped, graph.op(OnnxOp.ReduceMean, keep, grouped, axes));
        Value variance = graph.op(OnnxOp.ReduceMean, keep, graph.op(OnnxOp.Mul, centred, centred), axes);
        Value deviation = graph.op(OnnxOp.Sqrt, graph.op(OnnxOp.Add, variance, graph.constant(1e-6f)));
        Value normal = graph.op(OnnxOp.Div, centred, deviation);
        return affine(name, x.with(graph.op(OnnxOp.Reshape, normal, graph.op(OnnxOp.Shape, x.value()))));
    }

    /// Nearest neighbour, twice as high and wide.
    Feature twice(Feature x) {
        Attributes nearest = Attributes.of("mode", "nearest")
                .and("coordinate_transformation_mode", "asymmetric")
                .and("nearest_mode", "floor");
        Value scales = graph.constant(Tensor.of(Shape.of(4), 1, 1, 2, 2));
        return x.scaled(graph.op(OnnxOp.Resize, nearest, x.value(), graph.none, scales), 2);
    }

    /// Picks channels, some perhaps more than once.
    Feature channels(Feature x, int... order) {
        long[] indices = new long[order.length];
        for (int i = 0; i < order.length; i++) {
            indices[i] = order[i];
        }
        return x.with(graph.op(OnnxOp.Gather, Attributes.of("axis", 1), x.value(), graph.longs(indices)), order.length);
    }

    /// Blocks of `side * side` channels to pixels; channels in the order channel, row, column.
    Feature pixelShuffle(Feature x, int side) {
        if (side == 1) {
            return x;
        }
        Attributes attributes = Attributes.of("blocksize", side).and("mode", "CRD");
        Value y = graph.op(OnnxOp.DepthToSpace, attributes, x.value());
        return new Feature(y, x.channels() / (side * side), x.scale() * side);
    }

    /// Blocks of `side * side` pixels to channels, in the order row, column, channel.
    Feature spaceToChannels(Feature x, int side) {
        if (side == 1) {
            return x;
        }
        Value[] parts = new Value[side * side];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = graph.op(
                    OnnxOp.Slice,
                    x.value(),
                    graph.longs(i / side, i % side),
                    graph.longs(ALL, ALL),
                    graph.longs(2, 3),
                    graph.longs(side, side));
        }
        Value joined = graph.op(OnnxOp.Concat, Attributes.of("axis", 1), parts);
        return new Feature(joined, x.channels() * side * side, x.scale() / side);
    }

    /// Consecutive frames to channels, in the order frame, channel.
    Feature framesToChannels(Feature x, int frames) {
        int channels = x.channels() * frames;
        return frames == 1 ? x : x.with(graph.op(OnnxOp.Reshape, x.value(), graph.longs(-1, channels, 0, 0)), channels);
    }

    /// The mean of `groups.length` channels for each channel that comes out: `groups[i][channel]` is the i-th of
    /// them.
    Feature means(Feature x, int[][] groups) {
        Feature sum = channels(x, groups[0]);
        for (int i = 1; i < groups.length; i++) {
            sum = add(sum, channels(x, groups[i]));
        }
        return sum.with(graph.op(OnnxOp.Mul, sum.value(), graph.constant(1f / groups.length)));
    }

    /// Groups of channels to consecutive frames.
    Feature channelsToFrames(Feature x, int frames) {
        int left = x.channels() / frames;
        return x.with(graph.op(OnnxOp.Reshape, x.value(), graph.longs(-1, left, 0, 0)), left);
    }

    /// Frames `from` on.
    Feature framesFrom(Feature x, Value from) {
        return x.with(graph.op(OnnxOp.Slice, x.value(), from, graph.longs(ALL), graph.longs(0)));
    }

    /// Joins frames.
    Feature frames(Feature a, Feature... more) {
        Value[] values = new Value[more.length + 1];
        values[0] = a.value();
        for (int i = 0; i < more.length; i++) {
            values[i + 1] = more[i].value();
        }
        return a.with(graph.op(OnnxOp.Concat, Attributes.of("axis", 0), values));
    }

    /// The first or last frame.
    Feature frame(Feature x, boolean last) {
        Value from = graph.longs(last ? -1 : 0);
        Value to = graph.longs(last ? ALL : 1);
        return x.with(graph.op(OnnxOp.Slice, x.value(), from, to, graph.longs(0)));
    }

    /// Multiplies and adds per channel: from the transformer's latents to the VAE's.
    Feature toVae(Feature latent, LatentNormalization normalization) {
        if (normalization.isIdentity()) {
            return latent;
        }
        Value std = graph.constant(column(normalization.std()));
        Value mean = graph.constant(column(normalization.mean()));
        return latent.with(graph.op(OnnxOp.Add, graph.op(OnnxOp.Mul, latent.value(), std), mean));
    }

    /// From the VAE's latents to the transformer's.
    Feature toModel(Feature latent, LatentNormalization normalization) {
        if (normalization.isIdentity()) {
            return latent;
        }
        Value std = graph.constant(column(normalization.std()));
        Value mean = graph.constant(column(normalization.mean()));
        return latent.with(graph.op(OnnxOp.Div, graph.op(OnnxOp.Sub, latent.value(), mean), std));
    }

    private static Tensor column(List<Float> values) {
        Tensor column = Tensor.zeros(DType.F32, Shape.of(values.size(), 1, 1));
        for (int i = 0; i < values.size(); i++) {
            column.data().set(Tensor.FLOAT, (long) Float.BYTES * i, values.get(i));
        }
        return column;
    }

    /// Pictures `[frames, 3, rows, columns]` in [-1, 1] as `[frames, rows, columns, 3]` in [0, 1].
    Value toRgb(Feature pictures) {
        Value half = graph.op(OnnxOp.Mul, pictures.value(), graph.constant(0.5f));
        return toPixels(pictures.with(graph.op(OnnxOp.Add, half, graph.constant(0.5f))));
    }

    /// Pictures in [0, 1], clamped, channels last.
    Value toPixels(Feature pictures) {
        Value clamped = graph.op(OnnxOp.Clip, pictures.value(), graph.constant(0f), graph.constant(1f));
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 3, 1), clamped);
    }
}
