package dev.quantreel.engines.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.djl.DjlCpuProvider;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// ONNX Runtime, directly and through Deep Java Library, and the reference interpreter agree on every operator.
class OperatorTest {

    private static final float TOLERANCE = 2e-6f;

    static List<OperatorCase> cases() {
        return Stream.concat(OperatorCases.all().stream(), TextOperatorCases.all().stream())
                .toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void theEnginesAgree(OperatorCase operatorCase) {
        OnnxModel model = operatorCase.graph().build(Map.of());
        Map<String, Tensor> expected = run(new ReferenceEngineProvider(), model, operatorCase.inputs());
        for (EngineProvider provider : List.of(new OrtEngineProvider(), new DjlCpuProvider())) {
            Map<String, Tensor> actual = run(provider, model, operatorCase.inputs());

            assertThat(actual).as(provider.id()).hasSameSizeAs(expected).isNotEmpty();
            expected.forEach(
                    (name, tensor) -> assertThat(actual).hasEntrySatisfying(name, other -> assertAgree(other, tensor)));
        }
    }

    private static void assertAgree(Tensor actual, Tensor expected) {
        assertThat(actual.dtype()).isEqualTo(expected.dtype());
        assertThat(actual.shape()).isEqualTo(expected.shape());
        if (expected.dtype() != DType.F32) {
            assertThat(actual.data().mismatch(expected.data())).isEqualTo(-1);
            return;
        }
        float[] a = actual.toFloatArray();
        float[] b = expected.toFloatArray();
        for (int i = 0; i < a.length; i++) {
            assertThat(a[i]).isCloseTo(b[i], Offset.offset(TOLERANCE * (1 + Math.abs(b[i]))));
        }
    }

    @Test
    void everyOperatorHasACase() {
        List<OnnxOp> covered = cases().stream().map(OperatorCase::op).distinct().toList();

        // ConvTranspose is listed for completeness of the table; no graph uses it. Scan has a graph for a body, and
        // AttentionChunksTest sets both engines beside attention without it. ONNX Runtime does not have our own.
        assertThat(Arrays.stream(OnnxOp.values())
                        .filter(op -> !covered.contains(op) && !op.domain().equals(OnnxOp.QUANTREEL)))
                .containsExactly(OnnxOp.ConvTranspose, OnnxOp.Scan);
    }

    private static Map<String, Tensor> run(EngineProvider provider, OnnxModel model, Map<String, Tensor> inputs) {
        try (Engine engine = provider.create(EngineOptions.DEFAULTS);
                Session session = engine.open(model)) {
            return session.run(inputs, CancellationToken.NONE);
        }
    }
}
