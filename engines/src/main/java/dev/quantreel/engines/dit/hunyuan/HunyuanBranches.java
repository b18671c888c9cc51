package dev.quantreel.engines.dit.hunyuan;

import dev.quantreel.engines.dit.BranchAxis;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import java.util.ArrayList;
import java.util.List;

/// Several branches in a trunk whose text runs through the blocks with the picture and is modulated by vectors of its
/// own prompt.
///
/// The shorter prompt is filled up by copies of its last token. Nobody attends to them, since the keys of a branch end
/// with its own text; so they stay copies of that token through all blocks, and no maximum over tokens sees a value
/// that is not there without them.
///
/// @param axis branches on the trunk
record HunyuanBranches(BranchAxis axis) {

    /// @param tokens of all branches, `[branches, longest, dim]`
    /// @param lengths per branch I64 `[1]`: tokens of picture and text together that are real; empty where all are
    record Text(Value tokens, List<Value> lengths) {}

    /// @param picture `[branches, tokens, dim]`
    Text text(String name, Value picture, Dim length, Dim width) {
        List<Value> prompts = axis.each(name, length, width);
        if (prompts.size() == 1) {
            return new Text(prompts.getFirst(), List.of());
        }
        List<Value> counts = prompts.stream().map(this::count).toList();
        Value longest = graph().op(OnnxOp.Max, counts.toArray(Value[]::new));
        List<Value> padded = new ArrayList<>();
        List<Value> lengths = new ArrayList<>();
        for (int branch = 0; branch < prompts.size(); branch++) {
            Value missing = graph().op(OnnxOp.Sub, longest, counts.get(branch));
            Value pads = graph().op(
                            OnnxOp.Concat,
                            Attributes.of("axis", 0),
                            graph().longs(0, 0, 0, 0),
                            missing,
                            graph().longs(0));
            padded.add(graph().op(OnnxOp.Pad, Attributes.of("mode", "edge"), prompts.get(branch), pads));
            lengths.add(graph().op(OnnxOp.Add, count(picture), counts.get(branch)));
        }
        return new Text(axis.stacked(padded), List.copyOf(lengths));
    }

    /// A vector that modulates tokens.
    ///
    /// @return `[1, dim]`, or `[branches, 1, dim]` of several branches
    Value vector(String name, Dim dim) {
        Value vectors = axis.stacked(name, dim);
        return axis.count() == 1 ? vectors : graph().op(OnnxOp.Unsqueeze, vectors, graph().longs(1));
    }

    /// Every branch attends to its own real tokens.
    ///
    /// @param lengths of the branches, see [Text]
    Value attention(HunyuanOps ops, Value q, Value k, Value v, List<Value> lengths) {
        if (lengths.isEmpty()) {
            return ops.attention(q, k, v);
        }
        List<Value> keys = axis.apart(k);
        List<Value> values = axis.apart(v);
        List<BranchAxis.Context> contexts = new ArrayList<>();
        for (int branch = 0; branch < lengths.size(); branch++) {
            Value length = lengths.get(branch);
            contexts.add(
                    new BranchAxis.Context(ops.first(keys.get(branch), length), ops.first(values.get(branch), length)));
        }
        return axis.attention(q, contexts, ops.heads());
    }

    private Value count(Value x) {
        return graph().op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), x);
    }

    private OnnxGraphBuilder graph() {
        NeuralOps ops = axis.ops();
        return ops.graph();
    }
}
