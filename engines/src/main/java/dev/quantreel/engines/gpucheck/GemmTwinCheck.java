package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.kernel.GemmOutput;
import dev.quantreel.engines.runtime.cuda.kernel.GemmTokens;
import dev.quantreel.engines.runtime.cuda.kernel.LowBitGemm;
import dev.quantreel.engines.runtime.cuda.kernel.PackedLayout;
import dev.quantreel.engines.runtime.cuda.kernel.PackedWeights;
import dev.quantreel.engines.runtime.cuda.kernel.WeightPacker;
import dev.quantreel.engines.runtime.cuda.twin.LowBitGemmTwin;
import dev.quantreel.engines.runtime.cuda.twin.LowBitGemmTwin.Epilogue;
import dev.quantreel.engines.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;

/// One product of random codes on the device and in Java.
///
/// @param size of the product
/// @param way in which codes are stored
record GemmTwinCheck(Size size, Way way) {

    /// Rows, columns summed over, and output channels.
    record Size(int tokens, int columns, int outputs) {}

    /// Bits of tokens and of weights.
    enum Way {
        S8S4(8, 4),
        S8S8(8, 8),
        S4S4(4, 4);

        private final int tokenBits;
        private final int weightBits;

        Way(int tokenBits, int weightBits) {
            this.tokenBits = tokenBits;
            this.weightBits = weightBits;
        }

        int tokenBits() {
            return tokenBits;
        }
    }

    /// On and off the edges of the kernels' blocks, for every kernel that is chosen by the number of tokens.
    static List<Size> sizes(boolean small) {
        return small
                ? List.of(new Size(5, 64, 70), new Size(130, 64, 66))
                : List.of(new Size(17, 1536, 1536), new Size(257, 1536, 200), new Size(520, 8960, 192));
    }

    /// @return how many sums and outputs differ, of how many
    Differences run(GpuSession gpu, LowBitGemm gemm) {
        Random random = new Random(31L * size.tokens + size.columns);
        byte[] x = codes(random, size.tokens * size.columns, way.tokenBits);
        byte[] w = codes(random, size.outputs * size.columns, way.weightBits);
        float[] scale = floats(random, size.tokens);
        float[] step = floats(random, size.outputs);
        float[] bias = floats(random, size.outputs);
        int[] zero = random.ints(size.outputs, -8, 8).toArray();
        LowBitGemmTwin.Tokens tokens = new LowBitGemmTwin.Tokens(size.tokens, size.columns, size.columns, x, scale);
        LowBitGemmTwin twin = new LowBitGemmTwin(tokens, new LowBitGemmTwin.Weights(size.columns, w, step, zero, bias));

        PackedLayout layout = new PackedLayout(size.outputs, size.columns, way.weightBits);
        GemmTokens onDevice = new GemmTokens(
                gpu.of(way.tokenBits == 8 ? x : nibbles(x)),
                way.tokenBits,
                size.tokens,
                gpu.of(scale),
                gpu.of(tokens.sums()),
                size.columns);
        PackedWeights weights =
                new PackedWeights(layout, gpu.of(packed(layout, w)), gpu.of(step), gpu.of(zero), gpu.of(bias));
        DeviceSpan y = gpu.empty(4L * size.tokens * size.outputs);
        gemm.launch(gpu.stream(), onDevice, weights, GemmOutput.of(y, DType.I32));
        Differences sums = Differences.of(gpu.ints(y), twin.sums());
        gemm.launch(gpu.stream(), onDevice, weights, GemmOutput.of(y, DType.F32));
        return sums.and(Differences.of(gpu.floats(y), twin.apply(Epilogue.NONE)));
    }

    private static byte[] packed(PackedLayout layout, byte[] codes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment packed = arena.allocate(layout.bytes(), 16);
            WeightPacker.of(layout, codes).pack(packed, 1);
            return packed.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static byte[] codes(Random random, int count, int bits) {
        int half = 1 << bits - 1;
        byte[] codes = new byte[count];
        for (int i = 0; i < count; i++) {
            codes[i] = (byte) random.nextInt(-half, half);
        }
        return codes;
    }

    private static float[] floats(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = random.nextFloat(1e-3f, 1);
        }
        return values;
    }

    /// Two codes a byte, the even column in the low half.
    private static byte[] nibbles(byte[] codes) {
        byte[] packed = new byte[codes.length / 2];
        for (int i = 0; i < packed.length; i++) {
            packed[i] = (byte) (codes[2 * i] & 0xF | codes[2 * i + 1] << 4);
        }
        return packed;
    }
}
