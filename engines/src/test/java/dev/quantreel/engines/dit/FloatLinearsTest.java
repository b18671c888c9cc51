package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.lang.foreign.Arena;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class FloatLinearsTest {

    private static final int IN = 1024;
    private static final int OUT = 1100;
    private static final String LAYER = "text_embedding.0";
    private static final Tensor INPUT = Tensor.of(Shape.of(1, 2, IN), SyntheticData.gaussian(2 * IN, 1, 3));

    private static Tensor weights(DType dtype) {
        Tensor values = Tensor.of(Shape.of(OUT, IN), SyntheticData.gaussian(OUT * IN, 0.03, 4));
        return dtype == DType.F32 ? values : Conversions.fromF32(values, dtype);
    }

    private static OnnxModel model(Tensor weight) {
        Tensor bias = Tensor.of(Shape.of(OUT), SyntheticData.gaussian(OUT, 1, 5));
        FloatLinears linears = new FloatLinears(new FloatWeights(
                new MemoryCheckpoint("test", Map.of(LAYER + ".weight", weight, LAYER + ".bias", bias), Map.of())));
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linear");
        Value x = graph.input("x", DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(IN));
        Value y = linears.linear(graph, x, LAYER);
        graph.output("y", y, DType.F32, Dim.of(1), Dim.of("tokens"), Dim.of(OUT));
        return graph.build(Map.of());
    }

    private static float[] run(Engine engine, OnnxModel model) {
        try (Session session = engine.open(model)) {
            assertThat(session.inputs()).containsExactly("x");
            return session.run(Map.of("x", INPUT), "y", CancellationToken.NONE).toFloatArray();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void aLargeWeightIsReadInTheTypeAndPlaceOfTheCheckpoint(DType dtype) {
        Tensor weight = weights(dtype);
        OnnxModel model = model(weight);
        assertThat(model.streamed()).containsExactly(LAYER + ".weight");
        assertThat(model.weights().get(LAYER + ".weight")).isSameAs(weight);
        float[] actual = run(new OrtEngineProvider().create(new EngineOptions(1)), model);
        float[] expected = run(new ReferenceEngineProvider().create(EngineOptions.DEFAULTS), model);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).isCloseTo(expected[i], within(2e-5f));
        }
    }

    @Test
    void aChangeInPlaceReachesTheOpenSession() {
        Tensor weight = weights(DType.F32);
        try (Session session =
                new OrtEngineProvider().create(new EngineOptions(1)).open(model(weight))) {
            float[] before =
                    session.run(Map.of("x", INPUT), "y", CancellationToken.NONE).toFloatArray();
            weight.data().fill((byte) 0);
            float[] after =
                    session.run(Map.of("x", INPUT), "y", CancellationToken.NONE).toFloatArray();
            assertThat(before).isNotEqualTo(after);
            assertThat(after[0]).isEqualTo(after[OUT]);
        }
    }

    @Test
    void memoryThatWasReleasedIsAnErrorAndNotTheEndOfTheProcess() {
        Arena arena = Arena.ofShared();
        Tensor weight = Tensor.allocate(DType.F32, Shape.of(OUT, IN), arena);
        try (Session session =
                new OrtEngineProvider().create(new EngineOptions(1)).open(model(weight))) {
            arena.close();
            assertThatExceptionOfType(EngineException.class)
                    .isThrownBy(() -> session.run(Map.of("x", INPUT), "y", CancellationToken.NONE))
                    .withMessageContaining("closed");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void aStreamedWeightMustBeFinite(DType dtype) {
        Tensor values = weights(DType.F32);
        values.data().set(Tensor.FLOAT, 4L * 700_001, Float.NaN);
        Tensor stored = dtype == DType.F32 ? values : Conversions.fromF32(values, dtype);
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> model(stored))
                .withMessageContaining("700001");
    }
}
