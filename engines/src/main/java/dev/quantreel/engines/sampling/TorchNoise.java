package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// Gaussian noise equal to `torch.randn` on the CPU with the same seed, to the last few bits of a float.
///
/// The MT19937 generator is exact. From 16 values on, blocks of 16 take 24-bit uniforms and go through Box-Muller
/// with the cosines in the first half and the sines in the second; a last block that is not full is drawn anew for
/// the last 16 values. Fewer than 16 values are drawn one by one in double precision. PyTorch's vectorized sine and
/// logarithm differ from Java's in the last bits, hence equality to about 1e-6.
public final class TorchNoise {

    private static final int BLOCK = 16;
    private static final int HALF = BLOCK / 2;

    private TorchNoise() {}

    /// @param seed as given to `torch.manual_seed`, which uses its low 32 bits
    /// @return F32 standard normal values
    public static Tensor gaussian(long seed, Shape shape) {
        return draw(new Mt19937((int) seed), shape);
    }

    /// What a `torch.Generator` of this seed draws, call by call.
    public static NoiseSource source(long seed) {
        Mt19937 generator = new Mt19937((int) seed);
        return shape -> draw(generator, shape);
    }

    private static Tensor draw(Mt19937 generator, Shape shape) {
        float[] values = new float[Math.toIntExact(shape.elements())];
        if (values.length < BLOCK) {
            oneByOne(generator, values);
        } else {
            for (int i = 0; i < values.length; i++) {
                values[i] = generator.uniform24();
            }
            for (int begin = 0; begin + BLOCK <= values.length; begin += BLOCK) {
                boxMuller(values, begin);
            }
            if (values.length % BLOCK != 0) {
                int begin = values.length - BLOCK;
                for (int i = begin; i < values.length; i++) {
                    values[i] = generator.uniform24();
                }
                boxMuller(values, begin);
            }
        }
        return values.length == 0 ? Tensor.zeros(DType.F32, shape) : Tensor.of(shape, values);
    }

    private static void boxMuller(float[] values, int begin) {
        for (int j = begin; j < begin + HALF; j++) {
            float u1 = 1 - values[j];
            float u2 = values[j + HALF];
            float radius = (float) Math.sqrt(-2 * (float) Math.log(u1));
            float theta = (float) (2 * Math.PI) * u2;
            values[j] = radius * (float) Math.cos(theta);
            values[j + HALF] = radius * (float) Math.sin(theta);
        }
    }

    private static void oneByOne(Mt19937 generator, float[] values) {
        for (int i = 0; i < values.length; i += 2) {
            double u1 = generator.uniform53();
            double u2 = generator.uniform53();
            double radius = Math.sqrt(-2 * Math.log1p(-u2));
            double theta = 2 * Math.PI * u1;
            values[i] = (float) (radius * Math.cos(theta));
            if (i + 1 < values.length) {
                values[i + 1] = (float) (radius * Math.sin(theta));
            }
        }
    }

    /// The Mersenne Twister of Matsumoto and Nishimura (1998), seeded by one 32-bit number.
    private static final class Mt19937 {

        private static final int N = 624;
        private static final int M = 397;

        private final int[] state = new int[N];
        private int next = N;

        Mt19937(int seed) {
            state[0] = seed;
            for (int i = 1; i < N; i++) {
                state[i] = 1812433253 * (state[i - 1] ^ state[i - 1] >>> 30) + i;
            }
        }

        float uniform24() {
            return (nextInt() & 0xFFFFFF) * 0x1p-24f;
        }

        double uniform53() {
            long high = Integer.toUnsignedLong(nextInt());
            long low = Integer.toUnsignedLong(nextInt());
            return ((high << 32 | low) & ((1L << 53) - 1)) * 0x1p-53;
        }

        private int nextInt() {
            if (next == N) {
                twist();
                next = 0;
            }
            int y = state[next++];
            y ^= y >>> 11;
            y ^= y << 7 & 0x9D2C5680;
            y ^= y << 15 & 0xEFC60000;
            return y ^ y >>> 18;
        }

        private void twist() {
            for (int k = 0; k < N; k++) {
                int y = state[k] & 0x80000000 | state[(k + 1) % N] & 0x7FFFFFFF;
                state[k] = state[(k + M) % N] ^ y >>> 1 ^ ((y & 1) == 0 ? 0 : 0x9908B0DF);
            }
        }
    }
}
