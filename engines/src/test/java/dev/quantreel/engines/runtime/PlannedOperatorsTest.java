package dev.quantreel.engines.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.plan.PlanInterpreter;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A plan carried out step by step with the reference operators in one arena gives what the graph gives, bit for bit.
class PlannedOperatorsTest {

    /// No transformer block has them; a graph with one is refused.
    private static final Set<OnnxOp> UNPLANNED = Set.of(
            OnnxOp.Conv,
            OnnxOp.DepthToSpace,
            OnnxOp.DynamicQuantizeLinear,
            OnnxOp.Gemm,
            OnnxOp.MatMulNBits,
            OnnxOp.Range,
            OnnxOp.Resize);

    static Stream<OperatorCase> cases() {
        return OperatorTest.cases().stream().filter(each -> !UNPLANNED.contains(each.op()) && !putsOutMoments(each));
    }

    /// Norms with all their outputs, of which transformers use the first alone.
    private static boolean putsOutMoments(OperatorCase each) {
        return each.op() == OnnxOp.SimplifiedLayerNormalization
                && each.graph().build(Map.of()).proto().getGraph().getOutputCount() > 1;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void everyOperatorKeepsItsResult(OperatorCase operatorCase) {
        OnnxModel model = operatorCase.graph().build(Map.of());
        Map<String, Tensor> expected;
        try (Engine engine = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
                Session session = engine.open(model)) {
            expected = session.run(operatorCase.inputs(), CancellationToken.NONE);
        }

        Map<String, Tensor> actual = new PlanInterpreter(model).run(operatorCase.inputs());

        assertThat(actual).containsOnlyKeys(expected.keySet());
        expected.forEach((name, tensor) -> assertThat(actual).hasEntrySatisfying(name, other -> {
            assertThat(other.dtype()).isEqualTo(tensor.dtype());
            assertThat(other.shape()).isEqualTo(tensor.shape());
            assertThat(other.data().mismatch(tensor.data())).isEqualTo(-1);
        }));
    }
}
