package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Linears that pass everything on to others: the base of those that add something beside them or listen.
/// Bits by block are not passed on: whoever can wrap the other linears' says so in [LinearLayers#byBlock].
public abstract class ForwardingLinears implements LinearLayers {

    /// The linears beneath.
    protected final LinearLayers linears;

    /// @param linears that do the work
    protected ForwardingLinears(LinearLayers linears) {
        this.linears = linears;
    }

    @Override
    public void declareInputs(OnnxGraphBuilder graph) {
        linears.declareInputs(graph);
    }

    @Override
    public Map<String, Tensor> inputs(int activationBits) {
        return linears.inputs(activationBits);
    }

    @Override
    public void passed(OnnxGraphBuilder graph, String block, Value before, Value after) {
        linears.passed(graph, block, before, after);
    }

    @Override
    public Optional<ActivationQuantizer> activations() {
        return linears.activations();
    }

    @Override
    public Input prepare(OnnxGraphBuilder graph, Value x, List<String> layers) {
        return linears.prepare(graph, x, layers);
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        return linears.apply(graph, input, layer);
    }

    @Override
    public Value operand(Input input, String layer) {
        return linears.operand(input, layer);
    }

    @Override
    public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
        return linears.modulation(graph, x, layer);
    }
}
