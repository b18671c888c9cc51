package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.twin.AttentionTwin;
import dev.quantreel.engines.tensor.DType;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlashAttentionTest {

    /// The kernels' 2^x and the order of their sums, against the twin's.
    private static final double TWIN_BOUND = 2e-4;

    private static final float[] NO_BIAS = {};

    private KernelBench bench;

    @BeforeEach
    void start() {
        bench = new KernelBench();
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    private record Data(float[] q, float[] k, float[] v) {

        static Data gaussian(AttentionProblem problem, long seed) {
            int width = problem.channels() * problem.batch();
            return new Data(
                    KernelBench.gaussian(seed, problem.queries() * width),
                    KernelBench.gaussian(seed + 1, problem.keys() * width),
                    KernelBench.gaussian(seed + 2, problem.keys() * width));
        }

        Data narrow() {
            return new Data(KernelBench.narrow(q), KernelBench.narrow(k), KernelBench.narrow(v));
        }
    }

    private static AttentionProblem problem(int batch, int queries, int keys, int heads, int headDim) {
        return new AttentionProblem(batch, queries, keys, heads, headDim, (float) (1 / Math.sqrt(headDim)));
    }

    private float[] run(AttentionProblem p, AttentionPrecision precision, Data data, Optional<DeviceArray> bias) {
        long[] queryDims = {p.batch(), p.queries(), p.channels()};
        long[] keyDims = {p.batch(), p.keys(), p.channels()};
        var operands = new FlashAttention.Operands(
                bench.of(data.q, queryDims),
                bench.of(data.k, keyDims),
                bench.of(data.v, keyDims),
                bias,
                bench.empty(DType.F32, queryDims));
        return run(p, precision, operands);
    }

    private float[] run(AttentionProblem p, AttentionPrecision precision, FlashAttention.Operands operands) {
        DeviceMemory workspace = bench.memory(FlashAttention.workspaceBytes(p, precision));
        new FlashAttention(bench.kernels()).launch(bench.stream(), precision, p, operands, workspace.span());
        return bench.floats(operands.out());
    }

    private static float[] exact(AttentionProblem p, Data data) {
        float[] out = new float[data.q.length];
        int dim = p.headDim();
        for (int batch = 0; batch < p.batch(); batch++) {
            for (int head = 0; head < p.heads(); head++) {
                for (int query = 0; query < p.queries(); query++) {
                    int own = (batch * p.queries() + query) * p.channels() + head * dim;
                    double[] scores = new double[p.keys()];
                    double most = Double.NEGATIVE_INFINITY;
                    for (int key = 0; key < p.keys(); key++) {
                        int other = (batch * p.keys() + key) * p.channels() + head * dim;
                        for (int i = 0; i < dim; i++) {
                            scores[key] += (double) data.q[own + i] * data.k[other + i] * p.scale();
                        }
                        most = Math.max(most, scores[key]);
                    }
                    double total = 0;
                    double[] mixed = new double[dim];
                    for (int key = 0; key < p.keys(); key++) {
                        int other = (batch * p.keys() + key) * p.channels() + head * dim;
                        double weight = Math.exp(scores[key] - most);
                        total += weight;
                        for (int i = 0; i < dim; i++) {
                            mixed[i] += weight * data.v[other + i];
                        }
                    }
                    for (int i = 0; i < dim; i++) {
                        out[own + i] = (float) (mixed[i] / total);
                    }
                }
            }
        }
        return out;
    }

    @ParameterizedTest(name = "{0}: {1} x {2} queries, {3} keys, {4} heads of {5}")
    @CsvSource({
        "BF16, 1, 1, 1, 1, 64",
        "BF16, 2, 130, 97, 2, 64",
        "BF16, 1, 129, 65, 1, 128",
        "BF16, 1, 33, 300, 2, 40",
        "S8_BF16, 1, 1, 1, 1, 128",
        "S8_BF16, 2, 130, 97, 2, 64",
        "S8_BF16, 1, 129, 257, 1, 128",
        "S8_BF16, 1, 16, 16, 3, 72",
        "S8_E4M3, 1, 1, 1, 1, 64",
        "S8_E4M3, 1, 70, 64, 2, 64",
        "S8_E4M3, 2, 129, 257, 1, 128",
        "S8_E4M3, 1, 40, 31, 2, 32",
    })
    void theKernelsComputeWhatTheTwinComputes(
            AttentionPrecision precision, int batch, int queries, int keys, int heads, int headDim) {
        AttentionProblem problem = problem(batch, queries, keys, heads, headDim);
        Data data = Data.gaussian(problem, keys);

        float[] out = run(problem, precision, data, Optional.empty());

        float[] twin = AttentionTwin.of(problem, precision).attend(data.q, data.k, data.v, NO_BIAS);
        // A weight on the boundary between two narrow floats may fall to either side.
        assertThat(KernelBench.relativeError(out, twin)).isLessThan(keys == 1 ? 1e-6 : 2e-3);
    }
}
