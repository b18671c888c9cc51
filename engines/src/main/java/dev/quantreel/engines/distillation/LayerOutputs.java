package dev.quantreel.engines.distillation;

import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Runs one linear by itself, as the model's graph holds it: whatever a plan does to it is in what comes out.
///
/// @param activationBits of the quantized activations
record LayerOutputs(Engine engine, int activationBits, CancellationToken cancellation) {

    /// @return `[tokens, outputs]`, row after row
    float[] of(LinearLayers linears, String layer, TokenSample sample) {
        Map<String, Tensor> inputs = new HashMap<>(linears.inputs(activationBits));
        float[] values = Arrays.copyOf(sample.values(), sample.tokens() * sample.channels());
        inputs.put("x", Tensor.of(Shape.of(1, sample.tokens(), sample.channels()), values));
        try (Session session = engine.open(graph(linears, layer, sample.channels()), Engine.Use.OCCASIONAL)) {
            inputs.keySet().retainAll(session.inputs());
            return session.run(inputs, "y", cancellation).toFloatArray();
        }
    }

    private static OnnxModel graph(LinearLayers linears, String layer, int channels) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linear");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(channels));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, x, List.of(layer)), layer);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of("outputs"));
        return graph.build(Map.of());
    }
}
