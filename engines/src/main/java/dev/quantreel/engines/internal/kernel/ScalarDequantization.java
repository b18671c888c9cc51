package dev.quantreel.engines.internal.kernel;

/// The specification of [DequantizationKernels].
public final class ScalarDequantization implements DequantizationKernels {

    @Override
    public void int8(byte[] codes, float scale, float[] into) {
        int8(codes, scale, into, 0);
    }

    @Override
    public void int4(byte[] packed, float scale, float[] into) {
        int4(packed, scale, into, 0);
    }

    @Override
    public void scale(float[] values, float factor) {
        scale(values, factor, 0);
    }

    @Override
    public void rotate(float[] values, int group) {
        DequantizationKernels.requireGroup(values.length, group);
        float norm = (float) (1 / Math.sqrt(group));
        for (int stride = 1; stride < group; stride *= 4) {
            float factor = stride == 1 ? norm : 1;
            for (int start = 0; start < values.length; start += 4 * stride) {
                butterflies(values, start, stride, factor, 0);
            }
        }
    }

    // The loops below also finish the tails of the vector kernels, hence `from`.

    static void int8(byte[] codes, float scale, float[] into, int from) {
        for (int i = from; i < codes.length; i++) {
            into[i] = codes[i] * scale;
        }
    }

    static void int4(byte[] packed, float scale, float[] into, int from) {
        for (int i = from; i < packed.length; i++) {
            into[2 * i] = (packed[i] << 28 >> 28) * scale;
            into[2 * i + 1] = (packed[i] >> 4) * scale;
        }
    }

    static void scale(float[] values, float factor, int from) {
        for (int i = from; i < values.length; i++) {
            values[i] *= factor;
        }
    }

    /// `stride` butterflies of four values that lie `stride` apart: each result is the sum of all four less twice the
    /// one opposite.
    static void butterflies(float[] values, int start, int stride, float factor, int from) {
        for (int i = start + from; i < start + stride; i++) {
            float a = values[i];
            float b = values[i + stride];
            float c = values[i + 2 * stride];
            float d = values[i + 3 * stride];
            float half = 0.5f * ((a + b) + (c + d));
            values[i] = 2 * factor * (half - d);
            values[i + stride] = 2 * factor * (half - c);
            values[i + 2 * stride] = 2 * factor * (half - b);
            values[i + 3 * stride] = 2 * factor * (half - a);
        }
    }
}
