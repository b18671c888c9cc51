package dev.quantreel.engines.dit.latte;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;

/// Takes tokens apart by frames or cells, and brings them back to `[branches, frames * cells, dim]`.
///
/// @param graph receives the nodes
/// @param branches of guidance
/// @param frames I64 `[1]`: frames of the clip
/// @param dim width of a token
record LatteClip(OnnxGraphBuilder graph, int branches, Value frames, int dim) {

    /// `[branches, frames, cells, dim]`.
    Value grid(Value tokens) {
        return reshaped(tokens, graph.longs(0), frames, graph.longs(-1, dim));
    }

    /// `[branches * frames, cells, dim]`.
    Value frames(Value tokens) {
        Value all = branches == 1 ? frames : graph.op(OnnxOp.Mul, frames, graph.longs(branches));
        return reshaped(tokens, all, graph.longs(-1, dim));
    }

    /// `[branches * cells, frames, dim]`.
    Value cells(Value tokens) {
        return reshaped(turned(grid(tokens)), graph.longs(-1), frames, graph.longs(dim));
    }

    /// Back from [#frames] or [#grid].
    Value tokens(Value apart) {
        return graph.op(OnnxOp.Reshape, apart, graph.longs(branches, -1, dim));
    }

    /// Back from [#cells].
    Value tokensOfCells(Value cells) {
        return tokens(turned(reshaped(cells, graph.longs(branches, -1), frames, graph.longs(dim))));
    }

    private Value turned(Value x) {
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1, 3), x);
    }

    private Value reshaped(Value x, Value... shape) {
        return graph.op(OnnxOp.Reshape, x, graph.op(OnnxOp.Concat, Attributes.of("axis", 0), shape));
    }
}
