package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Single-head attention among the cells of a feature map, as the middle of every VAE has it.
///
/// @param graph receives the nodes
record SelfAttention(OnnxGraphBuilder graph) {

    private static final float HIDDEN = -1e30f;

    /// Cells of one frame see each other.
    ///
    /// @param q like `k` and `v` `[frames, channels, height, width]`
    /// @return the same shape
    Feature withinFrames(Feature q, Feature k, Feature v) {
        Value queries = rows(q);
        Value scores = graph.op(OnnxOp.MatMul, scaled(queries, q.channels()), cells(k));
        Value mixed = graph.op(OnnxOp.MatMul, softmax(scores), rows(v));
        return restored(mixed, q);
    }

    /// Cells of all frames see those of their own and of earlier frames.
    Feature acrossFrames(Feature q, Feature k, Feature v) {
        Value queries = allRows(q);
        Value keys = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), allRows(k));
        Value scores = graph.op(OnnxOp.MatMul, scaled(queries, q.channels()), keys);
        Value frame = frameOfCells(q);
        Value later = graph.op(
                OnnxOp.Greater,
                graph.op(OnnxOp.Unsqueeze, frame, graph.longs(0)),
                graph.op(OnnxOp.Unsqueeze, frame, graph.longs(1)));
        Value masked = graph.op(OnnxOp.Where, later, graph.constant(HIDDEN), scores);
        Value mixed = graph.op(OnnxOp.MatMul, softmax(masked), allRows(v));
        Value framed = graph.op(
                OnnxOp.Reshape,
                mixed,
                graph.op(
                        OnnxOp.Concat,
                        Attributes.of("axis", 0),
                        graph.op(OnnxOp.Shape, Attributes.of("start", 0).and("end", 1), q.value()),
                        graph.longs(-1, q.channels())));
        return restored(framed, q);
    }

    /// Cells see all those of the frames given, which may be more than their own.
    ///
    /// @param k like `v` `[frames, channels, height, width]`
    Feature toAll(Feature q, Feature k, Feature v) {
        Value keys = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), allRows(k));
        Value scores = graph.op(OnnxOp.MatMul, scaled(rows(q), q.channels()), keys);
        return restored(graph.op(OnnxOp.MatMul, softmax(scores), allRows(v)), q);
    }

    /// The frame number of every cell, `[frames * cells]`.
    private Value frameOfCells(Feature q) {
        Value frames = graph.op(OnnxOp.Shape, Attributes.of("start", 0).and("end", 1), q.value());
        Value zero = graph.constant(Tensor.ofLongs(Shape.of(), 0));
        Value one = graph.constant(Tensor.ofLongs(Shape.of(), 1));
        Value numbers = graph.op(OnnxOp.Range, zero, graph.op(OnnxOp.Squeeze, frames), one);
        Value grid = graph.op(OnnxOp.Shape, Attributes.of("start", 0).and("end", 2), rows(q));
        Value spread = graph.op(OnnxOp.Expand, graph.op(OnnxOp.Unsqueeze, numbers, graph.longs(1)), grid);
        return graph.op(OnnxOp.Reshape, spread, graph.longs(-1));
    }

    private Value scaled(Value queries, int channels) {
        return graph.op(OnnxOp.Mul, queries, graph.constant((float) (1 / Math.sqrt(channels))));
    }

    private Value softmax(Value scores) {
        return graph.op(OnnxOp.Softmax, Attributes.of("axis", -1), scores);
    }

    /// `[frames, channels, cells]`.
    private Value cells(Feature x) {
        return graph.op(OnnxOp.Reshape, x.value(), graph.longs(0, 0, -1));
    }

    /// `[frames, cells, channels]`.
    private Value rows(Feature x) {
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), cells(x));
    }

    /// `[frames * cells, channels]`.
    private Value allRows(Feature x) {
        return graph.op(OnnxOp.Reshape, rows(x), graph.longs(-1, x.channels()));
    }

    private Feature restored(Value rows, Feature like) {
        Value cells = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), rows);
        return like.with(graph.op(OnnxOp.Reshape, cells, graph.op(OnnxOp.Shape, like.value())));
    }
}
