package dev.quantreel.engines.runtime.cuda.check;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.PackedLayout;
import dev.quantreel.engines.runtime.cuda.kernel.PackedWeights;
import dev.quantreel.engines.runtime.cuda.kernel.WeightPacker;
import dev.quantreel.engines.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

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

    /// Codes of 8 bits by rows, as bytes or as BF16, which holds them exactly.
    void fillFactors(CublasProduct.Factors into, DType type) {
        repeat(into.x(), type == DType.I8 ? tokens : bf16(tokens));
        repeat(into.w(), type == DType.I8 ? weights : bf16(weights));
    }

    private static byte[] bf16(byte[] codes) {
        byte[] values = new byte[2 * codes.length];
        for (int i = 0; i < codes.length; i++) {
            int bits = Float.floatToRawIntBits(codes[i]);
            values[2 * i] = (byte) (bits >> 16);
            values[2 * i + 1] = (byte) (bits >> 24);
        }
        return values;
    }

    /// Whether sums of some tokens, rounded to BF16, are near the host's: within what BF16 rounds and, where
    /// terms cancel, a millionth of what they could add up to.
    ///
    /// @param sums BF16 `[tokens, outputs]`
    boolean nearSums(DeviceSpan sums) {
        long bytes = 2L * shape.outputs();
        for (int row : comparedRows()) {
            int[] expected = expected(row, 8, 8);
            short[] actual = download(sums, row, bytes).toArray(ValueLayout.JAVA_SHORT);
            for (int n = 0; n < expected.length; n++) {
                double bound = Math.abs((double) expected[n]) / 128 + 128.0 * 128 * shape.columns() * 1e-6;
                if (!(Math.abs(Float.intBitsToFloat(actual[n] << 16) - expected[n]) <= bound)) {
                    return false;
                }
            }
        }
        return true;
    }

    private int[] comparedRows() {
        return IntStream.range(0, COMPARED)
                .map(i -> (int) ((long) (shape.tokens() - 1) * i / (COMPARED - 1)))
                .toArray();
    }

    /// Whether the sums of some tokens, the first and the last among them, are the host's.
    ///
    /// @param sums S32 `[tokens, outputs]`
    boolean equalSums(DeviceSpan sums, int tokenBits, int weightBits) {
        for (int row : comparedRows()) {
            int[] actual = download(sums, row, 4L * shape.outputs()).toArray(ValueLayout.JAVA_INT);
            if (!Arrays.equals(actual, expected(row, tokenBits, weightBits))) {
                return false;
            }
        }
        return true;
    }

    private MemorySegment download(DeviceSpan from, int row, long rowBytes) {
        MemorySegment host = Arena.ofAuto().allocate(rowBytes, 16);
        stream.download(host, from.slice(row * rowBytes, rowBytes));
        stream.synchronize();
        return host;
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
