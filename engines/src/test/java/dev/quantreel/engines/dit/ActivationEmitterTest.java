package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.CentroidTable;
import dev.quantreel.engines.quant.QuantizedActivation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ActivationEmitterTest {

    private static final int TOKENS = 24;
    private static final int CHANNELS = 256;

    private static Map<String, Tensor> run(OnnxModel model, ActivationMatrix x) {
        try (Session session =
                new OrtEngineProvider().create(new EngineOptions(1)).open(model)) {
            return session.run(Map.of("x", QuantizedLinearsTest.tensor(x)), CancellationToken.NONE);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.QuantizedLinearsTest#modes")
    void operandsEqualTheReferenceCodesExactly(ActivationQuantizer mode) {
        for (int bits : new int[] {4, 6, 8}) {
            ActivationMatrix x = QuantizedLinearsTest.integers();
            OnnxGraphBuilder graph = OnnxGraphBuilder.create("codes");
            Value input = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(CHANNELS));
            ActivationEmitter emitter = new ActivationEmitter(
                    graph,
                    graph.constant(ActivationQuantizer.maxCode(bits)),
                    graph.constant(mode.clip(bits)),
                    bits > 4,
                    CentroidTable::all);
            Operands operands = emitter.emit(mode.resolve(bits), input, CHANNELS);
            for (int k = 0; k < operands.terms().size(); k++) {
                Dim[] dims = Stream.of("a", "b", "c", "d")
                        .map(Dim::of)
                        .limit(operands.groups() > 1 ? 4 : 3)
                        .toArray(Dim[]::new);
                graph.output("codes" + k, operands.terms().get(k).operand(), DType.U8, dims);
            }
            Map<String, Tensor> outputs = run(graph.build(Map.of()), x);
            QuantizedActivation expected = QuantizedActivation.of(x, mode, bits);
            assertThat(outputs).hasSize(expected.terms());
            for (int k = 0; k < expected.terms(); k++) {
                assertThat(differences(Objects.requireNonNull(outputs.get("codes" + k)), operands, expected, k))
                        .as("codes that differ at %s bits", bits)
                        .isEmpty();
            }
        }
    }

    private static List<String> differences(Tensor operand, Operands operands, QuantizedActivation expected, int term) {
        List<String> differences = new ArrayList<>();
        int offset = operands.zeroPoint().isPresent() ? 0 : operands.offset();
        int groupSize = CHANNELS / operands.groups();
        for (int i = 0; i < TOKENS; i++) {
            for (int j = 0; j < CHANNELS; j++) {
                long index = operands.groups() == 1
                        ? (long) i * CHANNELS + j
                        : ((long) (j / groupSize) * TOKENS + i) * groupSize + j % groupSize;
                int code = (operand.data().get(ValueLayout.JAVA_BYTE, index) & 0xFF) - offset;
                if (code != expected.code(term, i, j)) {
                    differences.add(
                            "token " + i + ", channel " + j + ": " + code + ", not " + expected.code(term, i, j));
                }
            }
        }
        return differences;
    }
}
