package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/// The first axis of the tokens in a trunk: the branches of classifier-free guidance that it runs at once. A trunk of
/// one branch gets no operation from here that it would not have anyway.
///
/// What the branches have in common (modulation by the timestep, rotary tables) is one graph input for both; what they
/// have each of their own is two, the second under [#SECOND] and its name. Attention is computed branch by branch, so
/// that prompts of different lengths need neither padding nor masks; everything else sees tokens of both.
///
/// @param ops on the trunk
/// @param count 1, or 2: the conditional branch, then the unconditional one
public record BranchAxis(NeuralOps ops, int count) {

    /// Prefix of the inputs that belong to the unconditional branch.
    public static final String SECOND = "unconditional:";

    private static final Dim ONE = Dim.of(1);

    public BranchAxis {
        if (count != 1 && count != 2) {
            throw new IllegalArgumentException("a trunk serves 1 or 2 branches, not " + count);
        }
    }

    /// Keys and values of one branch.
    ///
    /// @param k `[1, context, dim]`
    /// @param v like `k`
    public record Context(Value k, Value v) {}

    /// Name of a trunk.
    public static String name(String family, int count) {
        return family + (count == 1 ? "-trunk" : "-trunk-of-both");
    }

    /// An F32 input that every branch has of its own, of the same extents in all, on one axis.
    ///
    /// @param dims without the axis of the branches
    /// @return `[count, dims]`
    public Value stacked(String name, Dim... dims) {
        return stacked(inputs(name, false, dims));
    }

    /// One after the other on the axis of the branches.
    public Value stacked(List<Value> branches) {
        return count == 1 ? branches.getFirst() : op(OnnxOp.Concat, 0, branches.toArray(Value[]::new));
    }

    /// An F32 input that every branch has of its own, in extents of its own.
    ///
    /// @param dims without the axis of the branches
    /// @return one value `[1, dims]` per branch
    public List<Value> each(String name, Dim... dims) {
        return inputs(name, true, dims);
    }

    /// Keys and values that every branch has of its own, in extents of its own.
    ///
    /// @param keys name of the input
    /// @param values name of the input
    public List<Context> contexts(String keys, String values, Dim length, Dim width) {
        List<Value> k = each(keys, length, width);
        List<Value> v = each(values, length, width);
        List<Context> contexts = new ArrayList<>();
        for (int branch = 0; branch < count; branch++) {
            contexts.add(new Context(k.get(branch), v.get(branch)));
        }
        return contexts;
    }

    /// Each branch asks the context of its own.
    ///
    /// @param q `[count, tokens, dim]`
    /// @return shaped as `q`
    public Value attention(Value q, List<Context> contexts, NeuralOps.Heads heads) {
        List<Value> queries = apart(q);
        List<Value> mixed = new ArrayList<>();
        for (int branch = 0; branch < count; branch++) {
            Context context = contexts.get(branch);
            mixed.add(ops.attention(queries.get(branch), context.k, context.v, ops.graph().none, heads));
        }
        return stacked(mixed);
    }

    /// The branches of a value.
    ///
    /// @param x `[count, ...]`
    /// @return one value `[1, ...]` per branch
    public List<Value> apart(Value x) {
        return count == 1
                ? List.of(x)
                : ops.graph().op(OnnxOp.Split, count, Attributes.of("axis", 0).and("num_outputs", count), x);
    }

    /// Lets every branch leave the graph by itself, the second one under [#SECOND] and the name.
    ///
    /// @param x `[count, dims]`
    /// @param dims without the axis of the branches
    public void output(String name, Value x, Dim... dims) {
        List<Value> branches = apart(x);
        for (int branch = 0; branch < count; branch++) {
            ops.graph().output((branch == 0 ? "" : SECOND) + name, branches.get(branch), DType.F32, shape(false, dims));
        }
    }

    private List<Value> inputs(String name, boolean own, Dim... dims) {
        OnnxGraphBuilder graph = ops.graph();
        List<Value> values = new ArrayList<>();
        values.add(graph.input(name, DType.F32, shape(false, dims)));
        if (count > 1) {
            values.add(graph.input(SECOND + name, DType.F32, shape(own, dims)));
        }
        return values;
    }

    private static Dim[] shape(boolean own, Dim... dims) {
        List<Dim> shape = new ArrayList<>(List.of(ONE));
        for (Dim dim : dims) {
            shape.add(own && dim instanceof Dim.Symbol(String symbol) ? Dim.of(SECOND + symbol) : dim);
        }
        return shape.toArray(Dim[]::new);
    }

    private Value op(OnnxOp op, int axis, Value... inputs) {
        return ops.graph().op(op, Attributes.of("axis", axis), inputs);
    }
}
