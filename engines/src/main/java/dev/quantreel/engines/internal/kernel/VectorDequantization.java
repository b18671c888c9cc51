package dev.quantreel.engines.internal.kernel;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/// [DequantizationKernels] on the Vector API. The first stage of the rotation, whose values lie side by side, and
/// nibbles, which would have to be interleaved, stay scalar: the compiler vectorizes neither, but both are a small
/// part.
public final class VectorDequantization implements DequantizationKernels {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.vectorBitSize() / 4)));
    private static final int LANES = FLOATS.length();

    @Override
    public void int8(byte[] codes, float scale, float[] into) {
        int whole = BYTES.length() == LANES ? FLOATS.loopBound(codes.length) : 0;
        for (int i = 0; i < whole; i += LANES) {
            ByteVector bytes = ByteVector.fromArray(BYTES, codes, i);
            FloatVector values = (FloatVector) bytes.convertShape(VectorOperators.B2F, FLOATS, 0);
            values.mul(scale).intoArray(into, i);
        }
        ScalarDequantization.int8(codes, scale, into, whole);
    }

    @Override
    public void int4(byte[] packed, float scale, float[] into) {
        ScalarDequantization.int4(packed, scale, into, 0);
    }

    @Override
    public void scale(float[] values, float factor) {
        int whole = FLOATS.loopBound(values.length);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector.fromArray(FLOATS, values, i).mul(factor).intoArray(values, i);
        }
        ScalarDequantization.scale(values, factor, whole);
    }

    @Override
    public void rotate(float[] values, int group) {
        DequantizationKernels.requireGroup(values.length, group);
        float norm = (float) (1 / Math.sqrt(group));
        for (int stride = 1; stride < group; stride *= 4) {
            float factor = stride == 1 ? norm : 1;
            for (int start = 0; start < values.length; start += 4 * stride) {
                int done = stride >= LANES ? butterflies(values, start, stride, factor) : 0;
                ScalarDequantization.butterflies(values, start, stride, factor, done);
            }
        }
    }

    /// @return how many of the `stride` butterflies were done
    private static int butterflies(float[] values, int start, int stride, float factor) {
        int whole = FLOATS.loopBound(stride);
        for (int i = start; i < start + whole; i += LANES) {
            FloatVector a = FloatVector.fromArray(FLOATS, values, i);
            FloatVector b = FloatVector.fromArray(FLOATS, values, i + stride);
            FloatVector c = FloatVector.fromArray(FLOATS, values, i + 2 * stride);
            FloatVector d = FloatVector.fromArray(FLOATS, values, i + 3 * stride);
            FloatVector half = a.add(b).add(c.add(d)).mul(0.5f);
            half.sub(d).mul(2 * factor).intoArray(values, i);
            half.sub(c).mul(2 * factor).intoArray(values, i + stride);
            half.sub(b).mul(2 * factor).intoArray(values, i + 2 * stride);
            half.sub(a).mul(2 * factor).intoArray(values, i + 3 * stride);
        }
        return whole;
    }
}
