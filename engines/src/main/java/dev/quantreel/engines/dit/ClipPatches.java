package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;

/// Where a clip becomes tokens in a prelude, and tokens become a clip again in a head.
///
/// @param graph prelude or head
/// @param frames latent frames of a patch
/// @param side its rows and columns
public record ClipPatches(OnnxGraphBuilder graph, int frames, int side) {

    private static final Dim ONE = Dim.of(1);

    /// What follows what within a patch that a head puts out.
    public enum Order {
        /// Channel, frame, row, column.
        CHANNELS_FIRST,
        /// Frame, row, column, channel.
        CHANNELS_LAST
    }

    /// The input of a prelude, `[1, channels, frames, height, width]`.
    public static Value latent(OnnxGraphBuilder graph, int channels) {
        return graph.input("latent", DType.F32, clip(channels));
    }

    /// The output of a head, shaped as the latent.
    public static void prediction(OnnxGraphBuilder graph, Value prediction, int channels) {
        graph.output(SplitGraphs.PREDICTION, prediction, DType.F32, clip(channels));
    }

    private static Dim[] clip(int channels) {
        return new Dim[] {ONE, Dim.of(channels), Dim.of("frames"), Dim.of("height"), Dim.of("width")};
    }

    /// Tokens `[1, tokens, dim]`, frame by frame, row by row.
    ///
    /// @param kernel `[dim, channels, frames, side, side]`
    /// @param bias `[dim]`
    public Value tokens(Value latent, Value kernel, Value bias, int dim) {
        Value patches = graph.op(OnnxOp.Conv, Attributes.ints("strides", frames, side, side), latent, kernel, bias);
        Value rows = graph.op(OnnxOp.Reshape, patches, graph.longs(1, dim, -1));
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), rows);
    }

    /// A clip, `[1, channels, frames, height, width]`.
    ///
    /// @param tokens `[1, tokens, channels * frames * side * side]`
    /// @param grid I64 `[3]`, patches in frames, rows and columns
    public Value clip(Value tokens, Value grid, int channels, Order order) {
        Value cells =
                switch (order) {
                    case CHANNELS_FIRST -> split(grid, channels, frames, side, side);
                    case CHANNELS_LAST -> split(grid, frames, side, side, channels);
                };
        Value joined = graph.op(
                OnnxOp.Concat,
                Attributes.of("axis", 0),
                graph.longs(1, channels),
                graph.op(OnnxOp.Mul, grid, graph.longs(frames, side, side)));
        Value parts = graph.op(OnnxOp.Reshape, tokens, cells);
        Attributes interleaved =
                switch (order) {
                    case CHANNELS_FIRST -> Attributes.ints("perm", 0, 4, 1, 5, 2, 6, 3, 7);
                    case CHANNELS_LAST -> Attributes.ints("perm", 0, 7, 1, 4, 2, 5, 3, 6);
                };
        Value ordered = graph.op(OnnxOp.Transpose, interleaved, parts);
        return graph.op(OnnxOp.Reshape, ordered, joined);
    }

    private Value split(Value grid, long... patch) {
        return graph.op(OnnxOp.Concat, Attributes.of("axis", 0), graph.longs(1), grid, graph.longs(patch));
    }
}
