package dev.quantreel.engines.runtime.cuda.check;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.PackedLayout;
import dev.quantreel.engines.runtime.cuda.kernel.PackedWeights;
import dev.quantreel.engines.runtime.cuda.kernel.WeightPacker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/// Operands of a product that the host can compute again: random bytes, repeated with a length that no row divides.
final class SampleData {

    /// A prime, so that rows differ.
    private static final int PERIOD = 1_048_573;

    /// Tokens whose sums are compared.
    private static final int COMPARED = 6;

    private final CudaStream stream;
    private final GemmBenchmark.Shape shape;
    private final byte[] tokens = new byte[PERIOD];
    private final byte[] weights = new byte[PERIOD];

    SampleData(CudaStream stream, GemmBenchmark.Shape shape) {
        this.stream = stream;
        this.shape = shape;
        Random random = new Random(17);
        random.nextBytes(tokens);
        random.nextBytes(weights);
    }

    /// Code of a token: a byte, or the nibble of its place.
    private int token(int row, int column, int bits) {
        long at = (long) row * shape.columns() + column;
        if (bits == 8) {
            return tokens[(int) (at % PERIOD)];
        }
        int pair = tokens[(int) (at / 2 % PERIOD)];
        return (at & 1) == 0 ? pair << 28 >> 28 : pair >> 4;
    }

    private int weight(int row, int column, int bits) {
        int value = weights[(int) (((long) row * shape.columns() + column) % PERIOD)];
        return bits == 8 ? value : value >> 4;
    }

    void fillTokens(DeviceSpan into, int bits) {
        repeat(into, tokens);
    }

    private void repeat(DeviceSpan into, byte[] period) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(period.length).copyFrom(MemorySegment.ofArray(period));
            for (long at = 0; at < into.sizeBytes(); at += period.length) {
                long bytes = Math.min(period.length, into.sizeBytes() - at);
                stream.upload(into.slice(at, bytes), host.asSlice(0, bytes));
            }
            stream.synchronize();
        }
    }

    /// Scales of 2^-10 (in the first half) and sums of 0.
    void fillFactors(DeviceSpan into) {
        long half = into.sizeBytes() / 2;
        stream.fillWords(into.slice(0, half), Float.floatToRawIntBits(0x1p-10f));
        stream.fill(into.slice(half, half), (byte) 0);
    }

    void fillWeights(DeviceSpan into, PackedLayout layout) {
        byte[] codes = new byte[Math.toIntExact((long) layout.rows() * layout.columns())];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) weight(i / layout.columns(), i % layout.columns(), layout.bits());
        }
        try (Arena arena = Arena.ofShared()) {
            MemorySegment host = arena.allocate(PackedWeights.bytes(layout), 16);
            WeightPacker.of(layout, codes).write(host, Runtime.getRuntime().availableProcessors());
            stream.upload(into, host);
            stream.synchronize();
        }
    }

    /// Whether the sums of some tokens, the first and the last among them, are the host's.
    ///
    /// @param sums S32 `[tokens, outputs]`
    boolean equalSums(DeviceSpan sums, int tokenBits, int weightBits) {
        for (int i = 0; i < COMPARED; i++) {
            int row = (int) ((long) (shape.tokens() - 1) * i / (COMPARED - 1));
            if (!Arrays.equals(download(sums, row), expected(row, tokenBits, weightBits))) {
                return false;
            }
        }
        return true;
    }

    private int[] download(DeviceSpan sums, int row) {
        long bytes = 4L * shape.outputs();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(bytes, 16);
            stream.download(host, sums.slice(row * bytes, bytes));
            stream.synchronize();
            return host.toArray(ValueLayout.JAVA_INT);
        }
    }

    private int[] expected(int row, int tokenBits, int weightBits) {
        int[] expected = new int[shape.outputs()];
        for (int n = 0; n < expected.length; n++) {
            for (int k = 0; k < shape.columns(); k++) {
                expected[n] += token(row, k, tokenBits) * weight(n, k, weightBits);
            }
        }
        return expected;
    }
}
