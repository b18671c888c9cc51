package dev.quantreel.engines.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The CUDA engine's kernels on the host simulator agree with the reference interpreter on every operator that
/// they have.
class CudaOperatorsTest {

    private static final float TOLERANCE = 3e-6f;

    /// Attention in BF16.
    private static final float OF_ATTENTION = 2e-2f;

    /// Those of vision models and of text encoders in few bits: graphs with one go to the CPU.
    private static final Set<OnnxOp> ELSEWHERE = Set.of(
            OnnxOp.Conv,
            OnnxOp.DepthToSpace,
            OnnxOp.DequantizeLinear,
            OnnxOp.DynamicQuantizeLinear,
            OnnxOp.Gemm,
            OnnxOp.MatMulNBits,
            OnnxOp.Resize);

    /// Forms that no transformer has; they are refused by name.
    private static final Set<String> REFUSED =
            Set.of("Pad constant", "Softmax middle axis", "QuantizeLinear scale per row");

    private static HostSimulator simulator;
    private static Engine cuda;

    static Stream<OperatorCase> cases() {
        return PlannedOperatorsTest.cases()
                .filter(each -> !ELSEWHERE.contains(each.op())
                        && !REFUSED.contains(each.toString())
                        && !each.name().equals("two axes dropped"));
    }

    @BeforeAll
    static void open() {
        simulator = HostSimulator.start();
        cuda = SimulatedEngine.open("attention=bf16");
    }

    @AfterAll
    static void close() {
        cuda.close();
        simulator.close();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void kernelsAgreeWithTheReference(OperatorCase operatorCase) {
        OnnxModel model = operatorCase.graph().build(Map.of());
        Map<String, Tensor> expected;
        try (Engine engine = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
                Session session = engine.open(model)) {
            expected = session.run(operatorCase.inputs(), CancellationToken.NONE);
        }
        try (Session session = cuda.open(model)) {
            assertThat(session.getClass().getSimpleName()).isEqualTo("CudaSession");
            Map<String, Tensor> actual = session.run(operatorCase.inputs(), CancellationToken.NONE);

            float tolerance = operatorCase.op() == OnnxOp.MultiHeadAttention ? OF_ATTENTION : TOLERANCE;
            expected.forEach((name, tensor) ->
                    assertThat(actual).hasEntrySatisfying(name, other -> assertAgree(other, tensor, tolerance)));
        }
    }

    private static void assertAgree(Tensor actual, Tensor expected, float tolerance) {
        assertThat(actual.dtype()).isEqualTo(expected.dtype());
        assertThat(actual.shape()).isEqualTo(expected.shape());
        if (expected.dtype() != DType.F32) {
            assertThat(actual.data().mismatch(expected.data())).isEqualTo(-1);
            return;
        }
        float[] a = actual.toFloatArray();
        float[] b = expected.toFloatArray();
        for (int i = 0; i < a.length; i++) {
            assertThat(a[i]).isCloseTo(b[i], Offset.offset(tolerance * (1 + Math.abs(b[i]))));
        }
    }
}
