package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Passes everything on to other linears and lets the inputs of some layers leave the graph.
final class RecordingLinears implements LinearLayers {

    private final LinearLayers linears;
    private final Set<String> recorded;

    RecordingLinears(LinearLayers linears, Set<String> recorded) {
        this.linears = linears;
        this.recorded = recorded;
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
    public Optional<LinearLayers> byBlock() {
        return linears.byBlock().map(own -> new RecordingLinears(own, recorded));
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
        for (String layer : layers) {
            if (recorded.contains(layer)) {
                graph.output(
                        SplitGraphs.RECORDED + layer,
                        x,
                        DType.F32,
                        Dim.of(1),
                        Dim.of("rows:" + layer),
                        Dim.of("columns:" + layer));
            }
        }
        return linears.prepare(graph, x, layers);
    }

    @Override
    public Value apply(OnnxGraphBuilder graph, Input input, String layer) {
        return linears.apply(graph, input, layer);
    }

    @Override
    public Value modulation(OnnxGraphBuilder graph, Value x, String layer) {
        return linears.modulation(graph, x, layer);
    }

    @Override
    public Value operand(Input input, String layer) {
        return linears.operand(input, layer);
    }
}
