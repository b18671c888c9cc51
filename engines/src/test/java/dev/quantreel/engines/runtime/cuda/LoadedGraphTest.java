package dev.quantreel.engines.runtime.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.NeuralOps;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.cuda.plan.Buffer;
import dev.quantreel.engines.runtime.cuda.plan.GraphPlan;
import dev.quantreel.engines.runtime.cuda.plan.Joint;
import dev.quantreel.engines.runtime.cuda.plan.Planner;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.plan.View;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Vectors of ones that are too large to be stored in the graph.
class LoadedGraphTest {

    private static final int WIDTH = 512;

    private static final Planner.Needs FUSING = new Planner.Needs() {
        @Override
        public long scratchBytes(Step step) {
            return 0;
        }

        @Override
        public boolean fuses() {
            return true;
        }
    };

    private static OnnxModel model() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("modulated");
        NeuralOps ops = new NeuralOps(graph, Dialect.ONNX_RUNTIME);
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(WIDTH));
        Value shift = graph.input("shift", DType.F32, Dim.of(1), Dim.of(1), Dim.of(WIDTH));
        Value scale = graph.input("scale", DType.F32, Dim.of(1), Dim.of(1), Dim.of(WIDTH));
        Value modulated = ops.modulate(ops.layerNorm(x, WIDTH, 1e-6f), shift, scale);
        List<Value> codes = graph.op(
                OnnxOp.RotateQuantize,
                3,
                Attributes.of("mode", "token"),
                modulated,
                graph.constant(127f),
                graph.constant(1f));
        graph.output("scales", codes.get(1), DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(1));
        return graph.build(Map.of());
    }

    @Test
    void aNormWithoutAWeightIsQuantizedInOnePassWithScaleAndShiftAsTheyAre() {
        OnnxModel model = model();
        assertThat(model.weights())
                .as("the vector of ones lies outside of the graph")
                .hasSize(1);
        LoadedGraph loaded = LoadedGraph.of(model, false);
        Map<String, View> weights = new LinkedHashMap<>();
        loaded.weights().forEach(source -> {
            Buffer buffer = new Buffer(Buffer.Kind.WEIGHT, source.name(), source.bytes());
            weights.put(source.name(), new View(buffer, 0, source.dtype(), source.shape()));
        });
        Map<String, Tensor> inputs = Map.of(
                "x", Tensor.zeros(DType.F32, Shape.of(1, 3, WIDTH)),
                "shift", Tensor.zeros(DType.F32, Shape.of(1, 1, WIDTH)),
                "scale", Tensor.zeros(DType.F32, Shape.of(1, 1, WIDTH)));

        GraphPlan plan = Planner.plan(loaded.graph(), inputs, weights, FUSING);

        assertThat(weights).isEmpty();
        assertThat(plan.count(Joint.NORM_IN_QUANTIZATION)).isEqualTo(1);
        assertThat(plan.steps()).extracting(Step::op).containsExactly(OnnxOp.RotateQuantize);
    }
}
