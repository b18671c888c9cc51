package dev.quantreel.engines.quant;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/// Seeded weights and activations with the outlier structures that diffusion transformers are known for.
public final class SyntheticData {

    /// What disturbs a Gaussian activation.
    public enum Activation {
        PLAIN,
        /// Eight channels twenty times as strong.
        OUTLIER_CHANNELS,
        /// The same, and one token in 128 with 300 in three channels.
        MASSIVE_TOKENS,
        /// Outlier channels and an offset of every channel.
        OFFSET,
        ALL;

        boolean channels() {
            return this != PLAIN;
        }

        boolean massive() {
            return this == MASSIVE_TOKENS || this == ALL;
        }

        boolean offset() {
            return this == OFFSET || this == ALL;
        }
    }

    private SyntheticData() {}

    public static float[] gaussian(int count, double scale, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (scale * random.nextGaussian());
        }
        return values;
    }

    /// Student-t with `degrees` degrees of freedom.
    public static float[] student(int count, int degrees, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            double squares = 0;
            for (int k = 0; k < degrees; k++) {
                double g = random.nextGaussian();
                squares += g * g;
            }
            values[i] = (float) (random.nextGaussian() / Math.sqrt(squares / degrees));
        }
        return values;
    }

    public static ActivationMatrix activation(Activation kind, int tokens, int channels, long seed) {
        float[] x = gaussian(tokens * channels, 1, seed);
        Random random = new Random(seed + 1);
        int[] strong = random.ints(0, channels).distinct().limit(8).toArray();
        int[] massive = random.ints(0, tokens)
                .distinct()
                .limit(Math.ceilDiv(tokens, 128))
                .toArray();
        double[] offsets = random.doubles(channels, 0.5, 1.5).toArray();
        for (int i = 0; i < tokens; i++) {
            for (int j = 0; j < channels; j++) {
                x[i * channels + j] += kind.offset() ? (float) offsets[j] : 0;
            }
            for (int j : strong) {
                x[i * channels + j] *= kind.channels() ? 20 : 1;
            }
        }
        if (kind.massive()) {
            for (int i : massive) {
                for (int k = 0; k < 3; k++) {
                    x[i * channels + strong[k]] = 300;
                }
            }
        }
        return ActivationMatrix.of(channels, x);
    }

    /// Gaussian weights with a spread of row scales and 0.3 % outliers.
    public static float[] weights(int rows, int columns, long seed) {
        Random random = new Random(seed);
        float[] values = gaussian(rows * columns, 0.04, seed + 1);
        for (int o = 0; o < rows; o++) {
            float scale = (float) Math.exp(0.3 * random.nextGaussian());
            for (int j = 0; j < columns; j++) {
                values[o * columns + j] *= random.nextDouble() < 0.003 ? 4 * scale : scale;
            }
        }
        return values;
    }

    /// A checkpoint of linears `<name>.weight` `[rows, columns]` with `<name>.bias`.
    public static Checkpoint linears(int rows, int columns, String... names) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        long seed = 7;
        for (String name : names) {
            tensors.put(name + ".weight", Tensor.of(Shape.of(rows, columns), weights(rows, columns, seed++)));
            tensors.put(name + ".bias", Tensor.of(Shape.of(rows), gaussian(rows, 0.1, seed++)));
        }
        return new MemoryCheckpoint("synthetic linears", tensors, Map.of());
    }
}
