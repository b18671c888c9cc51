package dev.quantreel.engines.runtime.djl;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;

/// Runs one product on the GPU, in a process that may end over it. A program of its own.
///
/// ONNX Runtime lists providers that its build knows, not those that work here, and a provider that does not fit its
/// libraries may abort: only a run tells.
final class OrtGpuProbe {

    static final String WORKS = "works: ";
    static final String FAILS = "fails: ";

    private static final int SIZE = 64;

    private OrtGpuProbe() {}

    /// Prints one line that begins with [#WORKS] or [#FAILS]. Takes settings of the engine, each as `name=value`.
    public static void main(String[] settings) {
        System.out.println(probe(EngineOptions.parse(1, String.join(" ", settings))));
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // whatever goes wrong is what was to be found out
    private static String probe(EngineOptions options) {
        try (Engine engine = OrtGpuProvider.open(options);
                Session session = engine.open(product().build(Map.of()))) {
            Tensor ones = ones();
            float[] y =
                    session.run(Map.of("x", ones), "y", CancellationToken.NONE).toFloatArray();
            return y[SIZE * SIZE - 1] == SIZE
                    ? WORKS + engine.description()
                    : FAILS + "a product of ones gave " + y[SIZE * SIZE - 1] + " instead of " + SIZE;
        } catch (EngineException | LinkageError | IllegalStateException e) {
            return FAILS + String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
        }
    }

    private static OnnxGraphBuilder product() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("probe");
        Value x = graph.input("x", DType.F32, Dim.of(SIZE), Dim.of(SIZE));
        Value y = graph.op(OnnxOp.MatMul, x, graph.initializer("w", ones()));
        graph.output("y", y, DType.F32, Dim.of(SIZE), Dim.of(SIZE));
        return graph;
    }

    private static Tensor ones() {
        Tensor tensor = Tensor.zeros(DType.F32, Shape.of(SIZE, SIZE));
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.data().set(Tensor.FLOAT, Float.BYTES * i, 1f);
        }
        return tensor;
    }
}
