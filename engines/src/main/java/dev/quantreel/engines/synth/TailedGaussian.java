package dev.quantreel.engines.synth;

/// Random numbers distributed as the weights of trained transformers are: a Gaussian with heavy tails, kurtosis
/// about
/// 6, mean 0 and variance 1. Fast: one table look-up a number, four numbers from one step of SplitMix64.
///
/// The distribution is a mixture, one value in a thousand from a Gaussian six times as wide, cut into 65,536
/// quantiles.
/// Immutable; safe for many threads.
final class TailedGaussian {

    private static final int QUANTILES = 1 << 16;
    private static final double WIDE_SHARE = 1e-3;
    private static final double WIDE_SIGMA = 6;
    private static final double STEP = 1e-4;
    private static final long GAMMA = 0x9E3779B97F4A7C15L;

    private final float[] quantiles = quantiles();

    /// Writes random numbers `mean + scale * x`. Equal streams give equal numbers, different ones independent
    /// numbers.
    void fill(float[] target, int from, int count, long stream, WeightLaw law) {
        long state = stream;
        long bits = 0;
        float mean = law.mean();
        float scale = law.deviation();
        for (int i = 0; i < count; i++) {
            if ((i & 3) == 0) {
                state += GAMMA;
                bits = mix(state);
            }
            target[from + i] = mean + scale * quantiles[(int) (bits & (QUANTILES - 1))];
            bits >>>= 16;
        }
    }

    /// One number of a stream.
    float first(long stream) {
        return quantiles[(int) (mix(stream + GAMMA) & (QUANTILES - 1))];
    }

    /// SplitMix64's output function.
    static long mix(long state) {
        long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /// The middle of every slice of equal probability, found by integrating the density from 0 upwards.
    private static float[] quantiles() {
        float[] table = new float[QUANTILES];
        int half = QUANTILES / 2;
        double below = 0;
        double x = 0;
        double squares = 0;
        for (int i = 0; i < half; i++) {
            double wanted = (i + 0.5) / QUANTILES;
            while (below < wanted) {
                below += density(x + STEP / 2) * STEP;
                x += STEP;
            }
            table[half + i] = (float) x;
            squares += 2 * x * x;
        }
        float norm = (float) (1 / Math.sqrt(squares / QUANTILES));
        for (int i = 0; i < half; i++) {
            table[half + i] *= norm;
            table[half - 1 - i] = -table[half + i];
        }
        return table;
    }

    private static double density(double x) {
        double wide = x / WIDE_SIGMA;
        double narrowPart = (1 - WIDE_SHARE) * StrictMath.exp(-x * x / 2);
        double widePart = WIDE_SHARE / WIDE_SIGMA * StrictMath.exp(-wide * wide / 2);
        return (narrowPart + widePart) / StrictMath.sqrt(2 * Math.PI);
    }
}
