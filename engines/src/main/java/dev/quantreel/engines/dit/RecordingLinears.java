package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Passes everything on to other linears and lets the inputs of some layers leave the graph.
final class RecordingLinears extends ForwardingLinears {

    private final Set<String> recorded;

    RecordingLinears(LinearLayers linears, Set<String> recorded) {
        super(linears);
        this.recorded = recorded;
    }

    @Override
    public Optional<LinearLayers> byBlock() {
        return linears.byBlock().map(own -> new RecordingLinears(own, recorded));
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
}
