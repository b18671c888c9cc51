package dev.quantreel.engines.runtime.cuda.twin;

/// What [dev.quantreel.engines.runtime.cuda.kernel.RowNorm] computes, in plain loops. Sums run in double, so
/// the kernels differ by the rounding of their F32 sums.
///
/// @param centred LayerNorm: the mean is taken off
/// @param epsilon added to the mean square
/// @param weight multiplied afterwards, or empty
/// @param bias added afterwards, or empty
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record NormTwin(boolean centred, float epsilon, float[] weight, float[] bias) {

    /// Normalizes `width` elements from `at` on, in place.
    public void normalize(float[] x, int at, int width) {
        double mean = 0;
        for (int i = 0; i < width && centred; i++) {
            mean += (double) x[at + i] / width;
        }
        double squares = 0;
        for (int i = 0; i < width; i++) {
            squares += Math.pow(x[at + i] - mean, 2);
        }
        double inverse = 1 / Math.sqrt(squares / width + epsilon);
        for (int i = 0; i < width; i++) {
            double v = (x[at + i] - mean) * inverse;
            v *= weight.length == 0 ? 1 : weight[i];
            x[at + i] = (float) (v + (bias.length == 0 ? 0 : bias[i]));
        }
    }

    /// adaLN's vectors.
    ///
    /// @param scale `[vectors, width]`
    /// @param shift like `scale`
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    public record Modulation(float[] scale, float[] shift, int width) {

        /// `x * (1 + scale) + shift` of the row that starts at `at`, in place, rounded as the kernel rounds.
        public void modulate(float[] x, int at, int vector) {
            for (int i = 0; i < width; i++) {
                x[at + i] = x[at + i] * (1 + scale[vector * width + i]) + shift[vector * width + i];
            }
        }
    }

    /// Rotary positions.
    ///
    /// @param cosines `[positions, half]`
    /// @param sines like `cosines`
    /// @param half of the channels of a head
    /// @param interleaved pairs (2j, 2j + 1); otherwise (j, j + half)
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    public record Rotation(float[] cosines, float[] sines, int half, boolean interleaved) {

        /// Rotates the pairs of the head that starts at `at` in place, rounded as the kernel rounds.
        ///
        /// @param position row of the tables
        public void rotate(float[] x, int at, int position) {
            for (int pair = 0; pair < half; pair++) {
                int i = at + (interleaved ? 2 * pair : pair);
                int j = at + (interleaved ? 2 * pair + 1 : pair + half);
                float c = cosines[position * half + pair];
                float s = sines[position * half + pair];
                float turned = x[i] * c - x[j] * s;
                x[j] = x[i] * s + x[j] * c;
                x[i] = turned;
            }
        }
    }
}
