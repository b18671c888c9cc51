package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Map;
import java.util.Random;

/// A model of a few blocks with one weight each, small enough to count its bytes.
final class BlockChain {

    static final int BLOCKS = 8;
    static final int WIDTH = 64;
    static final long BLOCK_BYTES = 4L * WIDTH * WIDTH;

    private BlockChain() {}

    /// Blocks of one product each, the sine between them so that values stay of size 1.
    static OnnxModel chain() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("chain");
        Value x = graph.input("x", DType.F32, Dim.of("rows"), Dim.of(WIDTH));
        Value[] y = {x};
        for (int i = 0; i < BLOCKS; i++) {
            int block = i;
            graph.scope("blocks." + i, () -> {
                Value weight = graph.initializer("w" + block, random(block, WIDTH, WIDTH));
                y[0] = graph.op(OnnxOp.Sin, graph.op(OnnxOp.MatMul, y[0], weight));
            });
        }
        graph.output("y", graph.op(OnnxOp.Add, y[0], graph.constant(0.5f)), DType.F32, Dim.of("rows"), Dim.of(WIDTH));
        return graph.build(Map.of());
    }

    static Tensor random(long seed, long... dims) {
        Random random = new Random(seed);
        float[] values = new float[(int) Shape.of(dims).elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(Shape.of(dims), values);
    }

    static Tensor run(CudaSession session, int rows) {
        return session.run(Map.of("x", random(99, rows, WIDTH)), "y", CancellationToken.NONE);
    }

    static Tensor expected(int rows) {
        try (CudaEngine engine = SimulatedEngine.open("offload=never graphs=false");
                CudaSession session = (CudaSession) engine.open(chain())) {
            return run(session, rows);
        }
    }
}
