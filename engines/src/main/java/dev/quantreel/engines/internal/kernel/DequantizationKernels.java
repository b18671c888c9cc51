package dev.quantreel.engines.internal.kernel;

/// Unpacks stored weight codes, and the regular Hadamard rotation that goes with some of them.
/// [ScalarDequantization] is the specification; codes times scales are equal bit for bit in all members, the rotation
/// adds in another order.
public sealed interface DequantizationKernels permits ScalarDequantization, VectorDequantization {

    /// The fastest member this process can run.
    static DequantizationKernels best() {
        return Holder.BEST;
    }

    /// `into[i] = codes[i] * scale`, for every signed code.
    void int8(byte[] codes, float scale, float[] into);

    /// Two signed nibbles to a byte, the even element in the low one: `into[i] = nibble(i) * scale`.
    ///
    /// @param into twice as long as `packed`
    void int4(byte[] packed, float scale, float[] into);

    /// `values[i] *= factor`.
    void scale(float[] values, float factor);

    /// Multiplies every run of `group` values by the regular Hadamard matrix `H = kron(H4, ...) / sqrt(group)`,
    /// `H4 = [[1,1,1,-1],[1,1,-1,1],[1,-1,1,1],[-1,1,1,1]]`. `H` is symmetric and orthogonal, so that doing it
    /// twice changes nothing (ConvRot; all rows have the same sum, hence "regular").
    ///
    /// @param group a power of 4 that divides the length
    void rotate(float[] values, int group);

    /// @throws IllegalArgumentException when `group` is no power of 4 above 1 or does not divide `length`
    static void requireGroup(int length, int group) {
        boolean powerOfFour =
                group >= 4 && Integer.bitCount(group) == 1 && Integer.numberOfTrailingZeros(group) % 2 == 0;
        if (!powerOfFour || length % group != 0) {
            throw new IllegalArgumentException("a rotation group of " + group + " does not fit " + length
                    + " columns; a power of 4 that divides them is needed");
        }
    }

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final DequantizationKernels BEST =
                VectorSupport.choose(ScalarDequantization::new, VectorDequantization::new);

        private Holder() {}
    }
}
