package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// How fast [FlashAttention] runs on a GPU, at the sizes that the models have.
///
/// @param problem sizes
/// @param precision how it was computed
/// @param prepareMillis of packing and quantizing, the median of all repetitions
/// @param attendMillis of the product, the median of all repetitions
public record AttentionRate(
        AttentionProblem problem, AttentionPrecision precision, float prepareMillis, float attendMillis) {

    private static final int HEAD_DIM = 128;

    /// Tokens of random values; the rest repeats them.
    private static final int PATTERN = 1024;

    /// A size that a model has.
    ///
    /// @param name model and clip
    public record ModelSize(String name, AttentionProblem problem) {}

    /// Self-attention of the models at the clip sizes of the table of rooflines, and one cross-attention to the text.
    public static List<ModelSize> models() {
        return List.of(
                self("Wan 1.3B, 832x480x81", 32_760, 12),
                self("Wan 14B, 832x480x81", 32_760, 40),
                self("Wan 14B, 1280x720x81", 75_600, 40),
                self("HunyuanVideo, 960x544x129", 32_760, 24),
                self("HunyuanVideo, 1280x720x129", 118_800, 24),
                new ModelSize("Wan 14B, 832x480x81, text", problem(32_760, 512, 40)));
    }

    private static ModelSize self(String name, int tokens, int heads) {
        return new ModelSize(name, problem(tokens, tokens, heads));
    }

    private static AttentionProblem problem(int queries, int keys, int heads) {
        return new AttentionProblem(1, queries, keys, heads, HEAD_DIM, (float) (1 / Math.sqrt(HEAD_DIM)));
    }

    /// Measures with random BF16 operands, after one run that is not counted.
    ///
    /// @param repetitions of both parts; the median counts
    public static AttentionRate measure(
            KernelLibrary kernels, AttentionPrecision precision, AttentionProblem problem, int repetitions) {
        List<DeviceMemory> memory = new ArrayList<>();
        try (CudaStream stream = kernels.context().newStream()) {
            var operands = new FlashAttention.Operands(
                    random(kernels, stream, problem, problem.queries(), memory),
                    random(kernels, stream, problem, problem.keys(), memory),
                    random(kernels, stream, problem, problem.keys(), memory),
                    Optional.empty(),
                    empty(stream, problem, problem.queries(), memory));
            DeviceMemory workspace = stream.allocate(FlashAttention.workspaceBytes(problem, precision));
            memory.add(workspace);
            FlashAttention attention = new FlashAttention(kernels);
            Runnable prepare = () -> attention.prepare(stream, precision, problem, operands, workspace.span());
            Runnable attend = () -> attention.attend(stream, precision, problem, operands, workspace.span());
            prepare.run();
            attend.run();
            return new AttentionRate(
                    problem, precision, median(stream, prepare, repetitions), median(stream, attend, repetitions));
        } finally {
            memory.forEach(DeviceMemory::close);
        }
    }

    /// The median time of some work, in milliseconds.
    private static float median(CudaStream stream, Runnable work, int repetitions) {
        float[] times = new float[repetitions];
        try (CudaEvent start = stream.context().newEvent();
                CudaEvent end = stream.context().newEvent()) {
            for (int i = 0; i < repetitions; i++) {
                stream.record(start);
                work.run();
                stream.record(end);
                end.synchronize();
                times[i] = end.millisSince(start);
            }
        }
        Arrays.sort(times);
        return times[repetitions / 2];
    }

    private static DeviceArray random(
            KernelLibrary kernels, CudaStream stream, AttentionProblem problem, int tokens, List<DeviceMemory> memory) {
        int rows = Math.min(tokens, PATTERN);
        int width = problem.channels();
        DeviceArray all = empty(stream, problem, tokens, memory);
        DeviceArray pattern = empty(stream, problem, rows, memory);
        Random random = new Random(tokens);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate((long) rows * width * Short.BYTES, 16);
            for (long i = 0; i < (long) rows * width; i++) {
                int bits = Float.floatToRawIntBits((float) random.nextGaussian());
                host.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (bits >>> 16));
            }
            stream.upload(pattern.span(), host);
            Rearrange rearrange = new Rearrange(kernels);
            for (int from = 0; from < tokens; from += rows) {
                int count = Math.min(rows, tokens - from);
                DeviceArray part = new DeviceArray(pattern.span(), DType.BF16, Shape.of(1, count, width));
                rearrange.place(stream, part, all, 0, from, 0);
            }
            stream.synchronize();
        }
        return all;
    }

    private static DeviceArray empty(
            CudaStream stream, AttentionProblem problem, int tokens, List<DeviceMemory> memory) {
        Shape shape = Shape.of(1, tokens, problem.channels());
        DeviceMemory owned = stream.allocate(DType.BF16.byteSize(shape.elements()));
        memory.add(owned);
        return new DeviceArray(owned.span(), DType.BF16, shape);
    }

    /// Multiplications and additions per second of the product alone, in TFLOP/s.
    public double teraflops() {
        return problem.operations() / attendMillis * 1e-9;
    }

    /// The same with packing.
    public double teraflopsInAll() {
        return problem.operations() / (prepareMillis + attendMillis) * 1e-9;
    }
}
