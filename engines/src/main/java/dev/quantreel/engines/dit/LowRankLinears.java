package dev.quantreel.engines.dit;

import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.Widening;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Other linears with low-rank branches beside them, see [LowRankBranch]. Layers without a branch stay as they are.
///
/// Matrices of [#STREAMED_FROM] elements and more are streamed in their 16 bits, wherever they lie, and widened just
/// before their product; smaller ones are handed over in F32. Layers that read the same input through the same `down`,
/// as the parts of a fused matrix do, share that product.
///
/// Serves one graph at a time, as all linears do.
public final class LowRankLinears extends ForwardingLinears {

    /// Elements from which on a matrix is streamed: what is copied below is less than the nodes of widening.
    static final long STREAMED_FROM = 1 << 14;

    private final LowRankBranches branches;

    private LowRankLinears(LinearLayers linears, LowRankBranches branches) {
        super(linears);
        this.branches = branches;
    }

    /// Adds branches; the linears themselves when there are none.
    public static LinearLayers of(LinearLayers linears, LowRankBranches branches) {
        return branches.isEmpty() ? linears : new LowRankLinears(linears, branches);
    }

    /// @param inner what the linears beneath made of it
    /// @param x as it came
    /// @param reduced products with `down` so far
    private record Prepared(Input inner, Value x, Map<Reduction, Value> reduced) implements Input {}

    private record Reduction(Value operand, Tensor down, float factor) {}

    @Override
    public Optional<LinearLayers> byBlock() {
        return linears.byBlock().map(own -> new LowRankLinears(own, branches));
    }

    @Override
    public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
        return new Prepared(linears.prepare(graph, x, layers), x, new HashMap<>());
    }

    @Override
    public Value operand(Input input, String layer) {
        return linears.operand(prepared(input, layer).inner, layer);
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        Prepared prepared = prepared(input, layer);
        Value sum = linears.apply(graph, prepared.inner, layer);
        List<LowRankBranch> beside = branches.of(layer);
        for (int i = 0; i < beside.size(); i++) {
            String name = layer + ".branch" + (i == 0 ? "" : "." + i);
            sum = graph.op(OnnxOp.Add, sum, product(new Emission(graph, prepared, layer, name), beside.get(i)));
        }
        return sum;
    }

    private static Prepared prepared(Input input, String layer) {
        if (input instanceof Prepared prepared) {
            return prepared;
        }
        throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
    }

    /// Where a branch is emitted.
    private record Emission(OnnxGraphBuilder graph, Prepared prepared, String layer, String name) {}

    private Value product(Emission to, LowRankBranch branch) {
        Value operand =
                switch (branch.basis()) {
                    case ORIGINAL -> to.prepared.x;
                    case QUANTIZED -> linears.operand(to.prepared.inner, to.layer);
                };
        Value reduced =
                to.prepared.reduced.computeIfAbsent(new Reduction(operand, branch.down(), branch.factor()), missing -> {
                    Value sums = times(to, operand, to.name + ".down", branch.down());
                    return branch.factor() == 1
                            ? sums
                            : to.graph.op(OnnxOp.Mul, sums, to.graph.constant(branch.factor()));
                });
        return times(to, byFrame(to.graph, reduced, branch.frames()), to.name + ".up", branch.up());
    }

    /// Each token times the factor of its frame.
    private static Value byFrame(OnnxGraphBuilder graph, Value x, FrameFactors frames) {
        if (frames.isEmpty()) {
            return x;
        }
        Value factors = byToken(
                graph, x, graph.constant(frames.tensor()), frames.factors().size());
        return graph.op(OnnxOp.Mul, x, factors);
    }

    /// The factor of each token's frame, see [FrameFactors].
    ///
    /// @param x `[branches, tokens, any]`
    /// @param factors F32 `[count]`
    /// @return F32 `[tokens, 1]`
    public static Value byToken(OnnxGraphBuilder graph, Value x, Value factors, int count) {
        Value tokens = graph.op(
                OnnxOp.Squeeze, graph.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), x));
        Value zero = graph.constant(Tensor.ofLongs(Shape.of(), 0));
        Value one = graph.constant(Tensor.ofLongs(Shape.of(), 1));
        Value numbers = graph.op(OnnxOp.Range, zero, tokens, one);
        Value frame = graph.op(OnnxOp.Div, graph.op(OnnxOp.Mul, numbers, graph.longs(count)), tokens);
        Value chosen = graph.op(OnnxOp.Gather, Attributes.of("axis", 0), factors, frame);
        return graph.op(OnnxOp.Unsqueeze, chosen, graph.longs(1));
    }

    /// `x Wᵀ`.
    private static Value times(Emission to, Value x, String name, Tensor matrix) {
        OnnxGraphBuilder graph = to.graph;
        FloatWeights weights = new FloatWeights(new MemoryCheckpoint(to.layer, Map.of(name, matrix), Map.of()));
        if (matrix.elements() < STREAMED_FROM) {
            return graph.op(OnnxOp.MatMul, x, graph.initializer(name, weights.transposed(name)));
        }
        Value wide = Widening.after(graph, x).floats(graph.streamed(name, weights.stored(name)));
        return graph.op(OnnxOp.MatMul, x, graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), wide));
    }
}
