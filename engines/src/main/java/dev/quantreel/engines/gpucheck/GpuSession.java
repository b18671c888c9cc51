package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;

/// The GPU for one item: context, kernels, memory that ends with it, and a stop watch. Not thread-safe.
final class GpuSession implements AutoCloseable {

    private static final int TOKENS = 32_760;
    private static final int SMALL_TOKENS = 64;
    private static final int WARM_UPS = 3;
    private static final int MOST = 30;
    private static final double ENOUGH_MILLIS = 600;
    private static final double BATCH_MILLIS = 5;
    private static final int LARGEST_BATCH = 200;
    private static final int NOISE_BYTES = 1 << 20;

    private final CudaContext cuda;
    private final KernelLibrary kernels;
    private final CudaStream stream;
    private final boolean small;
    private final Deque<DeviceMemory> owned = new ArrayDeque<>();

    private GpuSession(CudaContext cuda, boolean small) {
        this.cuda = cuda;
        this.small = small;
        // The simulator has the kernels compiled in and takes any image.
        this.kernels = small ? KernelLibrary.of(cuda, (unit, chip) -> new byte[] {1}) : KernelLibrary.open(cuda);
        this.stream = cuda.newStream();
    }

    static GpuSession open(CheckContext context) {
        return new GpuSession(CudaDriver.open(context.driver()).device(0).open(), context.small());
    }

    CudaContext cuda() {
        return cuda;
    }

    KernelLibrary kernels() {
        return kernels;
    }

    CudaStream stream() {
        return stream;
    }

    /// Tokens of a measurement: 81 frames at 832 x 480 pixels, or what a simulator runs within a second.
    int tokens() {
        return small ? SMALL_TOKENS : TOKENS;
    }

    DeviceSpan empty(long bytes) {
        DeviceMemory memory = cuda.allocate(bytes);
        owned.push(memory);
        return memory.span();
    }

    DeviceSpan of(byte... values) {
        return upload(MemorySegment.ofArray(values));
    }

    DeviceSpan of(float... values) {
        return upload(MemorySegment.ofArray(values));
    }

    DeviceSpan of(int... values) {
        return upload(MemorySegment.ofArray(values));
    }

    DeviceSpan of(short... values) {
        return upload(MemorySegment.ofArray(values));
    }

    private DeviceSpan upload(MemorySegment array) {
        DeviceSpan span = empty(array.byteSize());
        try (Arena arena = Arena.ofConfined()) {
            stream.upload(span, arena.allocate(array.byteSize(), 16).copyFrom(array));
            stream.synchronize();
        }
        return span;
    }

    /// Device memory of random bytes, a megabyte again and again: what is multiplied decides how fast a chip may clock.
    DeviceSpan noise(long bytes) {
        byte[] values = new byte[(int) Math.min(bytes, NOISE_BYTES)];
        new Random(bytes).nextBytes(values);
        return repeated(bytes, values);
    }

    /// Device memory filled with an array again and again.
    DeviceSpan repeated(long bytes, byte... values) {
        DeviceSpan piece = of(values);
        DeviceSpan span = empty(bytes);
        for (long at = 0; at < bytes; at += values.length) {
            long length = Math.min(values.length, bytes - at);
            stream.copy(span.slice(at, length), piece.slice(0, length));
        }
        stream.synchronize();
        return span;
    }

    /// Random numbers of a normal distribution as bf16, again and again.
    DeviceSpan gaussianBf16(long elements) {
        int distinct = (int) Math.min(elements, NOISE_BYTES / 2);
        Random random = new Random(elements);
        byte[] values = new byte[2 * distinct];
        for (int i = 0; i < distinct; i++) {
            int bits = Float.floatToIntBits((float) random.nextGaussian()) >> 16;
            values[2 * i] = (byte) bits;
            values[2 * i + 1] = (byte) (bits >> 8);
        }
        return repeated(2 * elements, values);
    }

    int[] ints(DeviceSpan span) {
        int[] values = new int[(int) (span.sizeBytes() / Integer.BYTES)];
        download(span, MemorySegment.ofArray(values));
        return values;
    }

    float[] floats(DeviceSpan span) {
        float[] values = new float[(int) (span.sizeBytes() / Float.BYTES)];
        download(span, MemorySegment.ofArray(values));
        return values;
    }

    short[] shorts(DeviceSpan span) {
        short[] values = new short[(int) (span.sizeBytes() / Short.BYTES)];
        download(span, MemorySegment.ofArray(values));
        return values;
    }

    byte[] bytes(DeviceSpan span) {
        byte[] values = new byte[(int) span.sizeBytes()];
        download(span, MemorySegment.ofArray(values));
        return values;
    }

    private void download(DeviceSpan span, MemorySegment array) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(span.sizeBytes(), 16);
            stream.download(host, span);
            stream.synchronize();
            array.copyFrom(host);
        }
    }

    /// Median milliseconds of the GPU's clock; the first runs are not counted. Short work is queued many times
    /// between two marks, so that the GPU never waits for Java's next launch.
    double medianMillis(Runnable work) {
        int warmUps = small ? 0 : WARM_UPS;
        for (int i = 0; i < warmUps; i++) {
            work.run();
        }
        double[] times = new double[small ? 1 : MOST];
        double spent = 0;
        int count = 0;
        try (CudaEvent start = cuda.newEvent();
                CudaEvent end = cuda.newEvent()) {
            double once = small ? BATCH_MILLIS : millis(start, end, work, 1);
            int batch = (int) Math.clamp(Math.ceil(BATCH_MILLIS / Math.max(once, 1e-3)), 1, LARGEST_BATCH);
            while (count < times.length && (count < WARM_UPS || spent < ENOUGH_MILLIS)) {
                double millis = millis(start, end, work, batch);
                times[count++] = millis / batch;
                spent += millis;
            }
        }
        Arrays.sort(times, 0, count);
        return times[count / 2];
    }

    private double millis(CudaEvent start, CudaEvent end, Runnable work, int times) {
        stream.record(start);
        for (int i = 0; i < times; i++) {
            work.run();
        }
        stream.record(end);
        end.synchronize();
        return end.millisSince(start);
    }

    /// Frees what was allocated so far.
    void free() {
        stream.synchronize();
        while (!owned.isEmpty()) {
            owned.pop().close();
        }
    }

    @Override
    public void close() {
        free();
        stream.close();
        kernels.close();
        cuda.close();
    }
}
