package dev.quantreel.engines.onnx;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.function.UnaryOperator;

/// The compound operations that transformers are made of, emitted in the operators that a [Dialect] allows. All
/// dialects compute the same function.
///
/// @param graph receives the nodes
/// @param dialect chooses fused or plain operators
public record NeuralOps(OnnxGraphBuilder graph, Dialect dialect) {

    /// Scores of attention that plain operators compute at once: 64 MB as F32, and as much after the softmax.
    private static final long SCORES = 1L << 24;

    private static final Dim[] PART = {Dim.of("branches"), Dim.of("queries"), Dim.of("width")};

    /// `x Wᵀ + b`.
    ///
    /// @param weight `[in, out]`
    /// @param bias `[out]`
    public Value linear(Value x, Value weight, Value bias) {
        return graph.op(OnnxOp.Add, graph.op(OnnxOp.MatMul, x, weight), bias);
    }

    /// Tanh approximation of GELU.
    public Value gelu(Value x) {
        return graph.op(OnnxOp.Gelu, Attributes.of("approximate", "tanh"), x);
    }

    /// GELU by the error function.
    public Value geluExact(Value x) {
        return graph.op(OnnxOp.Gelu, Attributes.of("approximate", "none"), x);
    }

    /// `x * sigmoid(x)`.
    public Value silu(Value x) {
        return graph.op(OnnxOp.Mul, x, graph.op(OnnxOp.Sigmoid, x));
    }

    /// LayerNorm over the last axis, without scale and shift.
    public Value layerNorm(Value x, int width, float epsilon) {
        float[] ones = new float[width];
        Arrays.fill(ones, 1f);
        Value scale = graph.constant(Tensor.of(Shape.of(width), ones));
        return dialect == Dialect.ONNX_RUNTIME
                ? rmsNorm(centred(x), scale, epsilon)
                : graph.op(OnnxOp.LayerNormalization, normalization(epsilon), x, scale);
    }

    /// LayerNorm over the last axis with scale and shift.
    public Value layerNorm(Value x, Value scale, Value shift, float epsilon) {
        return dialect == Dialect.ONNX_RUNTIME
                ? graph.op(OnnxOp.Add, rmsNorm(centred(x), scale, epsilon), shift)
                : graph.op(OnnxOp.LayerNormalization, normalization(epsilon), x, scale, shift);
    }

    /// LayerNorm is RMSNorm of the centred values. ONNX Runtime 1.29 takes 2.2 ms for LayerNormalization of 390 x 1536
    /// values and 0.4 ms for these three operations.
    private Value centred(Value x) {
        Value mean = graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 1), x, graph.longs(-1));
        return graph.op(OnnxOp.Sub, x, mean);
    }

    /// RMSNorm over the last axis.
    public Value rmsNorm(Value x, Value scale, float epsilon) {
        if (dialect == Dialect.ONNX_RUNTIME) {
            return graph.op(OnnxOp.SimplifiedLayerNormalization, normalization(epsilon), x, scale);
        }
        Value squares = graph.op(OnnxOp.Mul, x, x);
        Value mean = graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 1), squares, graph.longs(-1));
        Value rms = graph.op(OnnxOp.Sqrt, graph.op(OnnxOp.Add, mean, graph.constant(epsilon)));
        return graph.op(OnnxOp.Mul, graph.op(OnnxOp.Div, x, rms), scale);
    }

    /// RMSNorm over the last axis, without scale.
    public Value rmsNorm(Value x, int width, float epsilon) {
        float[] ones = new float[width];
        Arrays.fill(ones, 1f);
        return rmsNorm(x, graph.constant(Tensor.of(Shape.of(width), ones)), epsilon);
    }

    /// `x * (1 + scale) + shift`, the adaptive part of adaLN.
    public Value modulate(Value x, Value shift, Value scale) {
        Value factor = graph.op(OnnxOp.Add, scale, graph.constant(1f));
        return graph.op(OnnxOp.Add, graph.op(OnnxOp.Mul, x, factor), shift);
    }

    /// Applies vectors that differ by timestep to the tokens of each: a clip of several timesteps lies as
    /// `[batch, timesteps, tokens / timesteps, width]` while `change` runs.
    ///
    /// @param vectors `[timesteps, 1, width]`
    /// @param x `[batch, tokens, width]`
    public Value perTimestep(Value vectors, Value x, UnaryOperator<Value> change) {
        Value width = graph.op(OnnxOp.Shape, Attributes.of("start", 2), x);
        Value timesteps = graph.op(OnnxOp.Shape, Attributes.of("end", 1), vectors);
        Value split =
                graph.op(OnnxOp.Concat, Attributes.of("axis", 0), graph.longs(0), timesteps, graph.longs(-1), width);
        Value changed = change.apply(graph.op(OnnxOp.Reshape, x, split));
        return graph.op(OnnxOp.Reshape, changed, graph.op(OnnxOp.Shape, x));
    }

    /// Rotates the pairs (2j, 2j + 1) of every head by the angle of their token.
    ///
    /// @param x `[batch, tokens, heads * headDim]`
    /// @param cos `[tokens, headDim / 2]`
    /// @param sin like `cos`
    public Value rotate(Value x, Value cos, Value sin, int heads) {
        if (dialect == Dialect.ONNX_RUNTIME) {
            return graph.op(OnnxOp.RotaryEmbedding, Attributes.of("interleaved", 1), x, graph.longs(0), cos, sin);
        }
        Value pairs = graph.op(OnnxOp.Reshape, x, graph.longs(0, 0, heads, -1, 2));
        var halves = graph.op(OnnxOp.Split, 2, Attributes.of("axis", -1).and("num_outputs", 2), pairs);
        Value a = halves.get(0);
        Value b = halves.get(1);
        Value c = graph.op(OnnxOp.Unsqueeze, cos, graph.longs(1, 3));
        Value s = graph.op(OnnxOp.Unsqueeze, sin, graph.longs(1, 3));
        Value real = graph.op(OnnxOp.Sub, graph.op(OnnxOp.Mul, a, c), graph.op(OnnxOp.Mul, b, s));
        Value imaginary = graph.op(OnnxOp.Add, graph.op(OnnxOp.Mul, a, s), graph.op(OnnxOp.Mul, b, c));
        Value joined = graph.op(OnnxOp.Concat, Attributes.of("axis", -1), real, imaginary);
        return graph.op(OnnxOp.Reshape, joined, graph.op(OnnxOp.Shape, x));
    }

    /// Rotates the pairs (j, j + headDim / 2) of every head by the angle of their token, as Llama does.
    ///
    /// @param x `[batch, tokens, heads * headDim]`
    /// @param cos `[tokens, headDim / 2]`
    /// @param sin like `cos`
    public Value rotateHalves(Value x, Value cos, Value sin, int heads) {
        if (dialect == Dialect.ONNX_RUNTIME) {
            return graph.op(OnnxOp.RotaryEmbedding, Attributes.of("interleaved", 0), x, graph.longs(0), cos, sin);
        }
        Value split = graph.op(OnnxOp.Reshape, x, graph.longs(0, 0, heads, 2, -1));
        var halves = graph.op(OnnxOp.Split, 2, Attributes.of("axis", 3).and("num_outputs", 2), split);
        Value a = halves.get(0);
        Value b = halves.get(1);
        Value c = graph.op(OnnxOp.Unsqueeze, cos, graph.longs(1, 2));
        Value s = graph.op(OnnxOp.Unsqueeze, sin, graph.longs(1, 2));
        Value real = graph.op(OnnxOp.Sub, graph.op(OnnxOp.Mul, a, c), graph.op(OnnxOp.Mul, b, s));
        Value imaginary = graph.op(OnnxOp.Add, graph.op(OnnxOp.Mul, a, s), graph.op(OnnxOp.Mul, b, c));
        Value joined = graph.op(OnnxOp.Concat, Attributes.of("axis", 3), real, imaginary);
        return graph.op(OnnxOp.Reshape, joined, graph.op(OnnxOp.Shape, x));
    }

    /// `softmax(q kᵀ * scale + bias) v` per head.
    ///
    /// @param q `[batch, tokens, heads * headDim]`
    /// @param k `[batch, context, heads * headDim]`
    /// @param v like `k`
    /// @param bias added to the scores, `[batch or 1, heads or 1, tokens, context]`, or
    /// [OnnxGraphBuilder#none]
    /// @return shaped as `q`
    public Value attention(Value q, Value k, Value v, Value bias, Heads heads) {
        if (dialect == Dialect.ONNX_RUNTIME) {
            Attributes attributes = Attributes.of("num_heads", heads.count).and("scale", heads.scale);
            return bias == graph.none
                    ? graph.op(OnnxOp.MultiHeadAttention, attributes, q, k, v)
                    : graph.op(OnnxOp.MultiHeadAttention, attributes, q, k, v, graph.none, graph.none, bias);
        }
        return bias == graph.none && dialect == Dialect.STANDARD
                ? inChunks(q, k, v, heads, SCORES)
                : mixed(q, keys(k, heads), perHead(v, heads), bias, heads);
    }

    /// Attention for as many queries at a time as keep the scores within a budget: what is in memory at once grows with
    /// the tokens, not with their square. A bias is of the size of the scores itself, so it is not cut.
    ///
    /// @param scores most of the matrix `[batch, heads, queries, context]` at once
    Value inChunks(Value q, Value k, Value v, Heads heads, long scores) {
        Value parts = chunks(q, k, heads, scores);
        Value keys = keys(k, heads);
        Value values = perHead(v, heads);
        OnnxGraphBuilder body = graph.subgraph("queries");
        Value some = body.input(parts.name() + ":queries", DType.F32, PART);
        Value mixed = new NeuralOps(body, dialect).mixed(some, keys, values, body.none, heads);
        body.output(parts.name() + ":mixed", mixed, DType.F32, PART);
        Value all = graph.op(OnnxOp.Scan, Attributes.of("num_scan_inputs", 1).and("body", body), parts);
        Value inOrder = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0, 2, 3), all);
        Value width = graph.op(OnnxOp.Shape, Attributes.of("start", 2), v);
        Value batch = graph.op(OnnxOp.Shape, Attributes.of("end", 1), q);
        Value joined = graph.op(
                OnnxOp.Reshape,
                inOrder,
                graph.op(OnnxOp.Concat, Attributes.of("axis", 0), batch, graph.longs(-1), width));
        return graph.op(OnnxOp.Slice, joined, graph.longs(0), tokens(q), graph.longs(1));
    }

    /// Queries in equal parts, the last filled up with zeros.
    ///
    /// @return `[parts, batch, queries, heads * headDim]`
    Value chunks(Value q, Value k, Heads heads, long scores) {
        Value tokens = tokens(q);
        Value batch = graph.op(OnnxOp.Shape, Attributes.of("end", 1), q);
        Value perQuery = graph.op(OnnxOp.Mul, graph.op(OnnxOp.Mul, batch, tokens(k)), graph.longs(heads.count));
        Value fitting = graph.op(OnnxOp.Max, graph.op(OnnxOp.Div, graph.longs(scores), perQuery), graph.longs(1));
        Value least = graph.op(OnnxOp.Min, fitting, tokens);
        Value count = ceilDiv(tokens, least);
        // As even as the number of parts allows, so that little is filled up.
        Value rows = ceilDiv(tokens, count);
        Value missing = graph.op(OnnxOp.Sub, graph.op(OnnxOp.Mul, rows, count), tokens);
        Value pads =
                graph.op(OnnxOp.Concat, Attributes.of("axis", 0), graph.longs(0, 0, 0, 0), missing, graph.longs(0));
        Value whole = graph.op(OnnxOp.Pad, q, pads);
        Value width = graph.op(OnnxOp.Shape, Attributes.of("start", 2), q);
        Value split = graph.op(OnnxOp.Concat, Attributes.of("axis", 0), batch, count, rows, width);
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0, 2, 3), graph.op(OnnxOp.Reshape, whole, split));
    }

    private Value tokens(Value x) {
        return graph.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), x);
    }

    private Value ceilDiv(Value number, Value divisor) {
        Value raised = graph.op(OnnxOp.Sub, graph.op(OnnxOp.Add, number, divisor), graph.longs(1));
        return graph.op(OnnxOp.Div, raised, divisor);
    }

    /// `[batch, heads, headDim, context]`.
    private Value keys(Value k, Heads heads) {
        return graph.op(
                OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 3, 1), graph.op(OnnxOp.Reshape, k, split(heads)));
    }

    /// @param keys `[batch, heads, headDim, context]`
    /// @param values `[batch, heads, context, headDim]`
    private Value mixed(Value q, Value keys, Value values, Value bias, Heads heads) {
        Value scaled = graph.op(OnnxOp.Mul, perHead(q, heads), graph.constant(heads.scale));
        Value scores = graph.op(OnnxOp.MatMul, scaled, keys);
        Value biased = bias == graph.none ? scores : graph.op(OnnxOp.Add, scores, bias);
        Value weights = graph.op(OnnxOp.Softmax, Attributes.of("axis", -1), biased);
        Value mixed = graph.op(OnnxOp.MatMul, weights, values);
        Value joined = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1, 3), mixed);
        return graph.op(OnnxOp.Reshape, joined, graph.longs(0, 0, -1));
    }

    private Value perHead(Value x, Heads heads) {
        Value parts = graph.op(OnnxOp.Reshape, x, split(heads));
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1, 3), parts);
    }

    private Value split(Heads heads) {
        return graph.longs(0, 0, heads.count, -1);
    }

    private static Attributes normalization(float epsilon) {
        return Attributes.of("axis", -1).and("epsilon", epsilon);
    }

    /// @param count number of heads
    /// @param scale factor of the scores, usually `1 / sqrt(headDim)`
    public record Heads(int count, float scale) {}
}
