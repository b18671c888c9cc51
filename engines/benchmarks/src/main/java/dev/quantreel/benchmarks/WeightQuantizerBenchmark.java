package dev.quantreel.benchmarks;

import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Weights quantized per microsecond (that is, millions per second) on one thread, from bf16 rows to packed codes and
/// error figures, with the scalar and with the vector grid search.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class WeightQuantizerBenchmark {

    private static final int WEIGHTS = 16 * 8960;

    @Param({"1536", "8960"})
    public int columns;

    private WeightMatrix weights = WeightMatrix.of("w", Tensor.zeros(DType.F32, Shape.of(1, 1)));

    @Setup
    public void fill() {
        Random random = new Random(1);
        float[] values = new float[WEIGHTS / columns * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.04 * random.nextGaussian());
        }
        Tensor wide = Tensor.of(Shape.of(values.length / columns, columns), values);
        weights = WeightMatrix.of("w", Conversions.fromF32(wide, DType.BF16));
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dquantreel.kernels=vector")
    @OperationsPerInvocation(WEIGHTS)
    public QuantizedMatrix bgrVector() {
        return quantize(new WeightQuantizer.Bgr());
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dquantreel.kernels=scalar")
    @OperationsPerInvocation(WEIGHTS)
    public QuantizedMatrix bgrScalar() {
        return quantize(new WeightQuantizer.Bgr());
    }

    @Benchmark
    @Fork(value = 1, jvmArgsAppend = "-Dquantreel.kernels=vector")
    @OperationsPerInvocation(WEIGHTS)
    public QuantizedMatrix minMax() {
        return quantize(new WeightQuantizer.MinMax());
    }

    private QuantizedMatrix quantize(WeightQuantizer quantizer) {
        return QuantizedMatrix.of(weights, quantizer, 4, new RowTasks(1, CancellationToken.NONE));
    }
}
