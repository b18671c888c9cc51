package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.simulator.DeviceArrays;
import dev.quantreel.engines.runtime.cuda.twin.LowBitGemmTwin;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;

/// Tokens and weights of one product, on the host and on a device.
final class GemmCase {

    final int tokens;
    final int outputs;
    final int columns;
    final int group;
    final byte[] x;
    final byte[] w;
    final float[] scale;
    final float[] step;
    final int[] zero;
    final float[] bias;
    private final int weightBits;

    private GemmCase(int tokens, int outputs, int columns, int group, int weightBits) {
        this.tokens = tokens;
        this.outputs = outputs;
        this.columns = columns;
        this.group = group;
        this.weightBits = weightBits;
        this.x = new byte[tokens * columns];
        this.w = new byte[outputs * columns];
        this.scale = new float[tokens * (columns / group)];
        this.step = new float[outputs];
        this.zero = new int[outputs];
        this.bias = new float[outputs];
    }

    /// Random codes over their whole range, scales, zero points and bias.
    static GemmCase random(int tokens, int outputs, int columns, Bits bits) {
        return random(tokens, outputs, columns, columns, bits);
    }

    static GemmCase random(int tokens, int outputs, int columns, int group, Bits bits) {
        GemmCase made = new GemmCase(tokens, outputs, columns, group, bits.weights);
        Random random = new Random(31L * tokens + 7L * outputs + columns);
        fill(made.x, random, bits.tokens);
        fill(made.w, random, bits.weights);
        for (int i = 0; i < made.scale.length; i++) {
            made.scale[i] = random.nextFloat(1e-3f, 2);
        }
        for (int n = 0; n < outputs; n++) {
            made.step[n] = random.nextFloat(1e-3f, 0.5f);
            made.zero[n] = random.nextInt(-8, 8);
            made.bias[n] = random.nextFloat(-1, 1);
        }
        return made;
    }

    /// Three outputs; every token code `x`, every weight code `w`.
    static GemmCase constant(int tokens, int columns, int bits, int x, int w) {
        GemmCase made = random(tokens, 3, columns, columns, new Bits(8, bits));
        Arrays.fill(made.x, (byte) x);
        Arrays.fill(made.w, (byte) w);
        return made;
    }

    /// Range of the codes.
    record Bits(int tokens, int weights) {}

    private static void fill(byte[] codes, Random random, int bits) {
        int half = 1 << bits - 1;
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(-half, half);
        }
    }

    LowBitGemmTwin twin() {
        return new LowBitGemmTwin(hostTokens(), new LowBitGemmTwin.Weights(columns, w, step, zero, bias));
    }

    private LowBitGemmTwin.Tokens hostTokens() {
        return new LowBitGemmTwin.Tokens(tokens, columns, group, x, scale);
    }

    /// @param stored bits in which codes of tokens are stored
    GemmTokens tokensOn(DeviceArrays device, int stored) {
        byte[] codes = stored == 8 ? x : nibbles(x);
        return new GemmTokens(
                device.of(codes).span(),
                stored,
                tokens,
                device.of(scale).span(),
                device.of(hostTokens().sums()).span(),
                group);
    }

    PackedLayout layout() {
        return new PackedLayout(outputs, columns, weightBits);
    }

    PackedWeights weightsOn(DeviceArrays device) {
        PackedLayout layout = layout();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment packed = arena.allocate(layout.bytes(), 16);
            WeightPacker.of(layout, w).pack(packed, 1);
            DeviceMemory codes = device.of(packed.toArray(ValueLayout.JAVA_BYTE));
            return new PackedWeights(
                    layout,
                    codes.span(),
                    device.of(step).span(),
                    device.of(zero).span(),
                    device.of(bias).span());
        }
    }

    private static byte[] nibbles(byte[] codes) {
        byte[] packed = new byte[codes.length / 2];
        for (int i = 0; i < packed.length; i++) {
            packed[i] = (byte) (codes[2 * i] & 0xF | codes[2 * i + 1] << 4);
        }
        return packed;
    }
}
