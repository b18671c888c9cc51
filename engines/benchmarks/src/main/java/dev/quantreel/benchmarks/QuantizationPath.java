package dev.quantreel.benchmarks;

import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Random;

/// Times the whole path from a file of BF16 matrices to a file of 4-bit codes: read (mapped), rotate, BGR, pack, write.
/// Prints wall and CPU seconds, input per second and the largest resident memory of the process.
public final class QuantizationPath {

    private static final int ROWS = 8960;
    private static final int COLUMNS = 1536;
    private static final long BYTES = 2L * ROWS * COLUMNS;

    private QuantizationPath() {}

    /// @param args matrices of 8960 x 1536 (27.5 MB each; default 40), threads (default 2), a folder for the files
    ///     (default the system's)
    public static void main(String[] args) throws IOException {
        int matrices = args.length > 0 ? Integer.parseInt(args[0]) : 40;
        int threads = args.length > 1 ? Integer.parseInt(args[1]) : 2;
        Path folder = Files.createTempDirectory(Path.of(args.length > 2 ? args[2] : "/tmp"), "path");
        Path source = folder.resolve("source.bf16");
        Path target = folder.resolve("target.u4");
        try {
            write(source, matrices);
            for (int run = 0; run < 3; run++) {
                long cpu = cpuNanos();
                long start = System.nanoTime();
                quantize(source, target, new RowTasks(threads, CancellationToken.NONE));
                double seconds = (System.nanoTime() - start) / 1e9;
                double cpuSeconds = (cpuNanos() - cpu) / 1e9;
                double gigabytes = matrices * BYTES / 1e9;
                System.out.printf(
                        Locale.ROOT,
                        "%.2f GB in %.1f s wall, %.1f CPU-s: %.2f GB/s wall, %.2f GB per CPU-s; peak resident %d MB%n",
                        gigabytes,
                        seconds,
                        cpuSeconds,
                        gigabytes / seconds,
                        gigabytes / cpuSeconds,
                        ResidentMemory.now().peakBytes() / 1_000_000);
            }
        } finally {
            Files.deleteIfExists(source);
            Files.deleteIfExists(target);
            Files.delete(folder);
        }
    }

    private static void write(Path file, int matrices) throws IOException {
        Random random = new Random(1);
        byte[] row = new byte[2 * COLUMNS];
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] block = new byte[64 * row.length];
            for (int i = 0; i < block.length; i += 2) {
                int bits = Float.floatToRawIntBits((float) (0.04 * random.nextGaussian())) >>> 16;
                block[i] = (byte) bits;
                block[i + 1] = (byte) (bits >> 8);
            }
            for (long written = 0; written < matrices * BYTES; written += block.length) {
                out.write(block);
            }
        }
    }

    private static void quantize(Path source, Path target, RowTasks tasks) throws IOException {
        Rotation rotation = Rotation.of(COLUMNS, Rotation.DEFAULT_BLOCK_SIZE, 1);
        try (FileChannel in = FileChannel.open(source);
                FileChannel out = FileChannel.open(
                        target,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.TRUNCATE_EXISTING);
                Arena arena = Arena.ofShared()) {
            MemorySegment mapped = in.map(FileChannel.MapMode.READ_ONLY, 0, in.size(), arena);
            for (long start = 0; start < in.size(); start += BYTES) {
                Tensor stored = new Tensor(DType.BF16, Shape.of(ROWS, COLUMNS), mapped.asSlice(start, BYTES));
                WeightMatrix weights = WeightMatrix.of("w" + start, stored).rotated(rotation);
                QuantizedMatrix matrix = QuantizedMatrix.of(weights, new WeightQuantizer.Bgr(), 4, tasks);
                stored.evict();
                for (CodeTiles.Tile tile : matrix.tiles().tiles()) {
                    writeAll(out, tile.codes());
                }
                writeAll(out, matrix.steps());
                writeAll(out, matrix.zeroPoints());
            }
        }
    }

    private static void writeAll(FileChannel out, Tensor tensor) throws IOException {
        ByteBuffer bytes = tensor.data().asByteBuffer();
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
