package dev.quantreel.engines.internal.kernel;

/// Unpacks one block of a ggml tensor (layouts of `ggml-common.h`; arithmetic in F32, in ggml's order, so that results
/// are equal to ggml's bit for bit). All methods read from `block[at..]` and write to `into[to..]`.
public final class GgmlBlocks {

    private static final int HALF = 16;

    private GgmlBlocks() {}

    /// Q4_0, 32 values: F16 step, then nibbles; the low ones are the first half. `d * (q - 8)`.
    public static void q4With0(byte[] block, int at, float[] into, int to) {
        float d = half(block, at);
        for (int j = 0; j < HALF; j++) {
            int pair = block[at + 2 + j] & 0xFF;
            into[to + j] = ((pair & 0xF) - 8) * d;
            into[to + j + HALF] = ((pair >> 4) - 8) * d;
        }
    }

    /// Q4_1, 32 values: F16 step and minimum, nibbles. `d * q + m`.
    public static void q4With1(byte[] block, int at, float[] into, int to) {
        float d = half(block, at);
        float m = half(block, at + 2);
        for (int j = 0; j < HALF; j++) {
            int pair = block[at + 4 + j] & 0xFF;
            into[to + j] = (pair & 0xF) * d + m;
            into[to + j + HALF] = (pair >> 4) * d + m;
        }
    }

    /// Q5_0, 32 values: F16 step, 32 fifth bits, nibbles. `d * (q - 16)`.
    public static void q5With0(byte[] block, int at, float[] into, int to) {
        float d = half(block, at);
        int high = int32(block, at + 2);
        for (int j = 0; j < HALF; j++) {
            int pair = block[at + 6 + j] & 0xFF;
            into[to + j] = ((pair & 0xF | (high >>> j & 1) << 4) - 16) * d;
            into[to + j + HALF] = ((pair >> 4 | (high >>> (j + HALF) & 1) << 4) - 16) * d;
        }
    }

    /// Q5_1, 32 values: F16 step and minimum, 32 fifth bits, nibbles. `d * q + m`.
    public static void q5With1(byte[] block, int at, float[] into, int to) {
        float d = half(block, at);
        float m = half(block, at + 2);
        int high = int32(block, at + 4);
        for (int j = 0; j < HALF; j++) {
            int pair = block[at + 8 + j] & 0xFF;
            into[to + j] = (pair & 0xF | (high >>> j & 1) << 4) * d + m;
            into[to + j + HALF] = (pair >> 4 | (high >>> (j + HALF) & 1) << 4) * d + m;
        }
    }

    /// Q8_0, 32 values: F16 step, signed bytes.
    public static void q8With0(byte[] block, int at, float[] into, int to) {
        float d = half(block, at);
        for (int j = 0; j < 2 * HALF; j++) {
            into[to + j] = block[at + 2 + j] * d;
        }
    }

    /// Q2_K, 256 values: 16 bytes of 4-bit scales and minima, 64 bytes of 2-bit codes, F16 steps of both.
    public static void q2K(byte[] block, int at, float[] into, int to) {
        float d = half(block, at + 80);
        float dMin = half(block, at + 82);
        for (int group = 0; group < 16; group++) {
            int scale = block[at + group] & 0xFF;
            float step = d * (scale & 0xF);
            float min = dMin * (scale >> 4);
            int codes = at + 16 + 32 * (group / 8) + 16 * (group % 2);
            int shift = 2 * (group % 8 / 2);
            for (int j = 0; j < 16; j++) {
                into[to + 16 * group + j] = step * ((block[codes + j] & 0xFF) >> shift & 3) - min;
            }
        }
    }

    /// Q3_K, 256 values: 32 bytes of third bits, 64 bytes of 2-bit codes, 12 bytes of 6-bit scales, F16 step.
    public static void q3K(byte[] block, int at, float[] into, int to) {
        float d = half(block, at + 108);
        for (int group = 0; group < 16; group++) {
            int low = (block[at + 96 + group % 8] & 0xFF) >> (group < 8 ? 0 : 4) & 0xF;
            int high = (block[at + 104 + group % 4] & 0xFF) >> (2 * (group / 4)) & 3;
            float step = d * ((low | high << 4) - 32);
            int codes = at + 32 + 32 * (group / 8) + 16 * (group % 2);
            int masks = at + 16 * (group % 2);
            int shift = 2 * (group % 8 / 2);
            int bit = group / 2;
            for (int j = 0; j < 16; j++) {
                int code = (block[codes + j] & 0xFF) >> shift & 3;
                int missing = ((block[masks + j] & 0xFF) >> bit & 1) == 0 ? 4 : 0;
                into[to + 16 * group + j] = step * (code - missing);
            }
        }
    }

    /// Q4_K, 256 values: F16 steps of scales and minima, 12 bytes of both in 6 bits, 128 bytes of nibbles.
    public static void q4K(byte[] block, int at, float[] into, int to) {
        float d = half(block, at);
        float dMin = half(block, at + 2);
        for (int group = 0; group < 8; group++) {
            float step = d * scale(block, at + 4, group);
            float min = dMin * minimum(block, at + 4, group);
            int codes = at + 16 + 32 * (group / 2);
            int shift = 4 * (group % 2);
            for (int j = 0; j < 32; j++) {
                into[to + 32 * group + j] = step * ((block[codes + j] & 0xFF) >> shift & 0xF) - min;
            }
        }
    }

    /// Q5_K, 256 values: as Q4_K, with 32 bytes of fifth bits before the nibbles.
    public static void q5K(byte[] block, int at, float[] into, int to) {
        float d = half(block, at);
        float dMin = half(block, at + 2);
        for (int group = 0; group < 8; group++) {
            float step = d * scale(block, at + 4, group);
            float min = dMin * minimum(block, at + 4, group);
            int codes = at + 48 + 32 * (group / 2);
            int shift = 4 * (group % 2);
            for (int j = 0; j < 32; j++) {
                int code = (block[codes + j] & 0xFF) >> shift & 0xF;
                int fifth = (block[at + 16 + j] & 0xFF) >> group & 1;
                into[to + 32 * group + j] = step * (code | fifth << 4) - min;
            }
        }
    }

    /// Q6_K, 256 values: 128 bytes of nibbles, 64 bytes of upper bits, 16 signed scales, F16 step.
    public static void q6K(byte[] block, int at, float[] into, int to) {
        float d = half(block, at + 208);
        for (int part = 0; part < 2; part++) {
            int low = at + 64 * part;
            int high = at + 128 + 32 * part;
            int scales = at + 192 + 8 * part;
            for (int quarter = 0; quarter < 4; quarter++) {
                int shift = quarter < 2 ? 0 : 4;
                for (int j = 0; j < 32; j++) {
                    int code = (block[low + 32 * (quarter % 2) + j] & 0xFF) >> shift & 0xF;
                    int upper = (block[high + j] & 0xFF) >> (2 * quarter) & 3;
                    float step = d * block[scales + 2 * quarter + j / 16];
                    into[to + 128 * part + 32 * quarter + j] = step * ((code | upper << 4) - 32);
                }
            }
        }
    }

    /// The 6-bit scale of a group of 32: the first four lie in six bits of a byte each, the others in pieces.
    private static int scale(byte[] block, int at, int group) {
        return group < 4
                ? block[at + group] & 63
                : block[at + group + 4] & 0xF | (block[at + group - 4] & 0xFF) >> 6 << 4;
    }

    private static int minimum(byte[] block, int at, int group) {
        return group < 4
                ? block[at + group + 4] & 63
                : (block[at + group + 4] & 0xFF) >> 4 | (block[at + group] & 0xFF) >> 6 << 4;
    }

    private static float half(byte[] block, int at) {
        return Float.float16ToFloat((short) (block[at] & 0xFF | block[at + 1] << 8));
    }

    private static int int32(byte[] block, int at) {
        return block[at] & 0xFF
                | (block[at + 1] & 0xFF) << 8
                | (block[at + 2] & 0xFF) << 16
                | (block[at + 3] & 0xFF) << 24;
    }
}
