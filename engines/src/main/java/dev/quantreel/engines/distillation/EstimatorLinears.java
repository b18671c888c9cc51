package dev.quantreel.engines.distillation;

import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Other linears with a branch of rank one beside some of them, `y += M_frame (x·α) βᵀ`, whose three vectors are inputs
/// of the graph: what is trained. The arithmetic is that of [dev.quantreel.engines.dit.LowRankLinears].
final class EstimatorLinears implements LinearLayers {

    private final LinearLayers linears;
    private final Map<String, Estimator> estimators;

    /// @param estimators by layer; only their sizes count here
    EstimatorLinears(LinearLayers linears, Map<String, Estimator> estimators) {
        this.linears = linears;
        this.estimators = estimators;
    }

    /// @param x as it came
    private record Prepared(Input inner, Value x) implements Input {}

    @Override
    public void declareInputs(OnnxGraphBuilder graph) {
        linears.declareInputs(graph);
    }

    @Override
    public Map<String, Tensor> inputs(int activationBits) {
        return linears.inputs(activationBits);
    }

    @Override
    public Optional<ActivationQuantizer> activations() {
        return linears.activations();
    }

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
            reduced = graph.op(OnnxOp.Mul, reduced, byToken(graph, x, frames, estimator.frames().length));
        }
        return graph.op(OnnxOp.MatMul, reduced, beta);
    }

    /// `[tokens, 1]`: the factor of each token's frame.
    private static Value byToken(OnnxGraphBuilder graph, Value x, Value frames, int count) {
        Value tokens = graph.op(
                OnnxOp.Squeeze, graph.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), x));
        Value zero = graph.constant(Tensor.ofLongs(Shape.of(), 0));
        Value one = graph.constant(Tensor.ofLongs(Shape.of(), 1));
        Value numbers = graph.op(OnnxOp.Range, zero, tokens, one);
        Value frame = graph.op(OnnxOp.Div, graph.op(OnnxOp.Mul, numbers, graph.longs(count)), tokens);
        Value factors = graph.op(OnnxOp.Gather, Attributes.of("axis", 0), frames, frame);
        return graph.op(OnnxOp.Unsqueeze, factors, graph.longs(1));
    }

    @Override
    public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
        return linears.modulation(graph, x, layer);
    }

    @Override
    public Value operand(Input input, String layer) {
        if (!(input instanceof Prepared(Input inner, Value x))) {
            throw new IllegalArgumentException("layer " + layer + " was given an input prepared by another instance");
        }
        return linears.operand(inner, layer);
    }
}
