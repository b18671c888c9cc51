package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Quantized linears by the kernels: the reference's values at every width, from one set of weights.
class CudaBitsTest {

    private static final int CHANNELS = 256;
    private static final int OUTPUTS = 96;
    private static final int TOKENS = 40;
    private static final String LAYER = "blocks.0.q";

    record Case(int major, int minor, ActivationQuantizer mode, int weightBits) {}

    static Stream<Case> cases() {
        return Stream.of(
                new Case(8, 9, new ActivationQuantizer.Auto(), 4),
                new Case(8, 9, new ActivationQuantizer.Token(), 4),
                new Case(8, 0, new ActivationQuantizer.RowNormalized(), 3),
                new Case(12, 0, new ActivationQuantizer.Token(), 4),
                new Case(8, 6, new ActivationQuantizer.Block(64), 8));
    }

    private static QuantizedWeights weights(Case each) {
        QuantizationPlan plan = new QuantizationPlan(
                new WeightPlan(new WeightQuantizer.MinMax(), each.weightBits),
                new InputPlan(new RotationPlan.Hadamard(128, 11), each.mode),
                LayerRule.ALL);
        return QuantizedWeights.of(
                SyntheticData.linears(OUTPUTS, CHANNELS, LAYER),
                plan,
                List.of(LAYER),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
    }

    private static OnnxModel model(LinearLayers linears) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linear");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
        linears.declareInputs(graph);
        Value y = linears.apply(graph, linears.prepare(graph, x, List.of(LAYER)), LAYER);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(OUTPUTS));
        return graph.build(Map.of());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void allBitsRunFromOneSetOfWeightsAndGiveTheReferencesValues(Case each) {
        QuantizedLinears linears = QuantizedLinears.of(weights(each), Arithmetic.FUSED);
        OnnxModel model = model(linears);
        Tensor x = Tensor.of(Shape.of(1, TOKENS, CHANNELS), SyntheticData.gaussian(TOKENS * CHANNELS, 1, 3));
        try (HostSimulator simulator = HostSimulator.start(each.major, each.minor, 1L << 30);
                CudaEngine cuda = SimulatedEngine.open("offload=never");
                Engine reference = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
                Session session = cuda.open(model);
                Session expected = reference.open(model)) {
            long held = -1;
            for (int bits : new int[] {8, 4, 6, 4, 8}) {
                Map<String, Tensor> inputs = new HashMap<>(linears.inputs(bits));
                inputs.put("x", x);
                Tensor y = session.run(inputs, "y", CancellationToken.NONE);
                Tensor wanted = expected.run(inputs, "y", CancellationToken.NONE);

                String which = bits + " bits on " + simulator.context().device().capability();
                if (each.mode.resolve(bits) instanceof ActivationQuantizer.RowNormalized) {
                    // Squares are added in another order, which may move the scale by one unit in its last place.
                    assertThat(LatentMetrics.relativeL2(y, wanted)).as(which).isLessThan(1e-4);
                } else {
                    assertThat(y.data().mismatch(wanted.data())).as(which).isEqualTo(-1);
                }
                assertThat(cuda.heldBytes()).isEqualTo(held < 0 ? cuda.heldBytes() : held);
                held = cuda.heldBytes();
            }
        }
    }
}
