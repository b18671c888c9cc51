package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.Availability;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.cuda.kernel.KernelImages;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.Map;

/// Runs one product on the GPU, in a process that may end over it: a driver or a compiler that does not fit may
/// abort. A program of its own, see [ProcessTrial].
final class CudaProbe {

    static final String WORKS = "works: ";
    static final String FAILS = "fails: ";

    private static final int SIZE = 64;

    private CudaProbe() {}

    /// Prints one line that begins with [#WORKS] or [#FAILS]. Takes the driver's library.
    public static void main(String[] arguments) {
        System.out.println(probe(new CudaEngineProvider(arguments[0], KernelImages.packed())));
    }

    /// @param provider that looks in this process
    static String probe(CudaEngineProvider provider) {
        return switch (provider.probe()) {
            case Availability.Unavailable(String reason) -> FAILS + line(reason);
            case Availability.Available(String detail) -> product(provider, detail);
        };
    }

    private static String product(CudaEngineProvider provider, String detail) {
        try (Engine engine = provider.create(EngineOptions.DEFAULTS);
                Session session = engine.open(graph().build(Map.of()))) {
            float[] y = session.run(Map.of("x", ones()), "y", CancellationToken.NONE)
                    .toFloatArray();
            return y[SIZE * SIZE - 1] == SIZE
                    ? WORKS + detail
                    : FAILS + "a product of ones gave " + y[SIZE * SIZE - 1] + " instead of " + SIZE;
        } catch (EngineException e) {
            return FAILS + line(String.valueOf(e.getMessage()));
        }
    }

    private static String line(String text) {
        return text.replaceAll("\\s+", " ");
    }

    private static OnnxGraphBuilder graph() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("probe");
        Value x = graph.input("x", DType.F32, Dim.of(SIZE), Dim.of(SIZE));
        Value y = graph.op(OnnxOp.MatMul, x, graph.initializer("w", ones()));
        graph.output("y", y, DType.F32, Dim.of(SIZE), Dim.of(SIZE));
        return graph;
    }

    private static Tensor ones() {
        float[] ones = new float[SIZE * SIZE];
        Arrays.fill(ones, 1);
        return Tensor.of(Shape.of(SIZE, SIZE), ones);
    }
}
