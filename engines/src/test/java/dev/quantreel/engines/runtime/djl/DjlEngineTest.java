package dev.quantreel.engines.runtime.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineContractTest;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class DjlEngineTest extends EngineContractTest {

    @Override
    protected EngineProvider provider() {
        return new DjlCpuProvider();
    }

    @Override
    protected int chainLength() {
        return 20_000;
    }

    @Test
    void theServiceLoaderFindsBothAndAutoPrefersNeither() {
        assertThat(ServiceLoader.load(EngineProvider.class))
                .extracting(EngineProvider::id)
                .contains("ort-gpu", "ort-djl-cpu");
        assertThat(new DjlCpuProvider().rank()).isLessThan(new OrtEngineProvider().rank());
        assertThat(new OrtGpuProvider().rank()).isLessThan(new OrtEngineProvider().rank());
    }

    @Test
    void itIsDeepJavaLibrarysProcessor() {
        DjlTarget target = DjlTarget.cpu(DjlCpuProvider.ID, new BindingOptions(true, 1));
        assertThat(target.device()).isEqualTo(Device.cpu());
        assertThat(target.describe()).contains("ONNX Runtime 1.", "Deep Java Library, CPU");
    }

    @Test
    void aClosedModelTakesItsSessionWithIt() {
        try (Engine engine = provider().create(EngineOptions.DEFAULTS)) {
            Session session = engine.open(sum());
            Map<String, Tensor> one = Map.of("x", Tensor.of(Shape.of(1), 1f));
            assertThat(session.run(one, "y", CancellationToken.NONE).toFloatArray())
                    .containsExactly(2f);
            session.close();

            assertThatThrownBy(() -> session.run(one, CancellationToken.NONE))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void resultsAreWrittenIntoMemoryOfTheCaller() {
        Tensor target = Tensor.zeros(DType.F32, Shape.of(1));
        try (Engine engine = provider().create(EngineOptions.DEFAULTS);
                Session session = engine.open(sum(), Engine.Use.OCCASIONAL)) {
            session.runInto(Map.of("x", Tensor.of(Shape.of(1), 4f)), Map.of("y", target), CancellationToken.NONE);
        }
        assertThat(target.toFloatArray()).containsExactly(8f);
    }

    @Test
    void settingsOfTheGpuAreRefusedOnTheProcessor() {
        assertThatExceptionOfType(EngineException.class)
                .isThrownBy(() -> provider().create(EngineOptions.parse(0, "device=1")))
                .withMessageContainingAll("ort-djl-cpu", "'device'", "binding");
    }

    private static OnnxModel sum() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("sum");
        Value x = graph.input("x", DType.F32, Dim.of(1));
        graph.output("y", graph.op(OnnxOp.Add, x, x), DType.F32, Dim.of(1));
        return graph.build(Map.of());
    }
}
