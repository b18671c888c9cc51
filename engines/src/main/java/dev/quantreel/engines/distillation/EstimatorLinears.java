package dev.quantreel.engines.distillation;

import dev.quantreel.engines.dit.ForwardingLinears;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.List;
import java.util.Map;

/// Other linears with a branch of rank one beside some of them, `y += M_frame (x·α) βᵀ`, whose three vectors are inputs
/// of the graph: what is trained. The arithmetic is that of [LowRankLinears].
final class EstimatorLinears extends ForwardingLinears {

    private final Map<String, Estimator> estimators;

    /// @param estimators by layer; only their sizes count here
    EstimatorLinears(LinearLayers linears, Map<String, Estimator> estimators) {
        super(linears);
        this.estimators = estimators;
    }

    /// @param x as it came
    private record Prepared(Input inner, Value x) implements Input {}

    @Override
    public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
        return new Prepared(linears.prepare(graph, x, layers), x);
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        if (!(input instanceof Prepared(Input inner, Value x))) {
            throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
        }
        Value y = linears.apply(graph, inner, layer);
        Estimator estimator = estimators.get(layer);
        return estimator == null ? y : graph.op(OnnxOp.Add, y, product(graph, x, layer, estimator));
    }

    private static Value product(OnnxGraphBuilder graph, Value x, String layer, Estimator estimator) {
        Dim one = Dim.of(1);
        Value alpha = graph.input(Estimator.Part.ALPHA.of(layer), DType.F32, Dim.of(estimator.alpha().length), one);
        Value beta = graph.input(Estimator.Part.BETA.of(layer), DType.F32, one, Dim.of(estimator.beta().length));
        Value reduced = graph.op(OnnxOp.MatMul, x, alpha);
        if (estimator.frames().length > 0) {
            Value frames = graph.input(Estimator.Part.FRAMES.of(layer), DType.F32, Dim.of(estimator.frames().length));
            reduced =
                    graph.op(OnnxOp.Mul, reduced, LowRankLinears.byToken(graph, x, frames, estimator.frames().length));
        }
        return graph.op(OnnxOp.MatMul, reduced, beta);
    }

    @Override
    public Value operand(Input input, String layer) {
        if (!(input instanceof Prepared(Input inner, Value x))) {
            throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
        }
        return linears.operand(inner, layer);
    }
}
