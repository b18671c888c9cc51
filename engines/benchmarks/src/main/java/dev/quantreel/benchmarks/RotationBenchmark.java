package dev.quantreel.benchmarks;

import dev.quantreel.engines.rotation.Rotation;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Time to rotate one weight row in Java.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RotationBenchmark {

    /// Width and block size.
    @Param({"3072/64", "3072/256", "3072/1024", "3072/3072", "8960/8960"})
    public String shape = "";

    private Rotation rotation = Rotation.of(2, 2, 0);
    private float[] row = new float[0];

    @Setup
    public void fill() {
        int slash = shape.indexOf('/');
        int width = Integer.parseInt(shape.substring(0, slash));
        rotation = Rotation.of(width, Integer.parseInt(shape.substring(slash + 1)), 1);
        row = new float[width];
        Random random = new Random(1);
        for (int i = 0; i < width; i++) {
            row[i] = (float) random.nextGaussian();
        }
    }

    @Benchmark
    public float[] apply() {
        rotation.apply(row);
        return row;
    }
}
