package dev.quantreel.engines.quant;

import dev.quantreel.engines.rotation.Rotation;
import java.util.Arrays;

/// Tokens of one activation, `[tokens, channels]`, row after row; wraps a heap array without copying it.
public final class ActivationMatrix {

    private final int tokens;
    private final int channels;
    private final float[] values;

    private ActivationMatrix(int tokens, int channels, float[] values) {
        this.tokens = tokens;
        this.channels = channels;
        this.values = values;
    }

    /// @param values `tokens * channels` values, not copied
    public static ActivationMatrix of(int channels, float... values) {
        if (channels < 1 || values.length % channels != 0) {
            throw new IllegalArgumentException(
                    values.length + " values do not make tokens of " + channels + " channels");
        }
        return new ActivationMatrix(values.length / channels, channels, values);
    }

    public int tokens() {
        return tokens;
    }

    public int channels() {
        return channels;
    }

    public float at(int token, int channel) {
        return values[token * channels + channel];
    }

    /// A copy of one token.
    public float[] token(int token) {
        return Arrays.copyOfRange(values, token * channels, (token + 1) * channels);
    }

    /// The mean of each token, `[tokens, 1]`.
    public ActivationMatrix means() {
        float[] means = new float[tokens];
        for (int i = 0; i < tokens; i++) {
            double sum = 0;
            for (int j = 0; j < channels; j++) {
                sum += at(i, j);
            }
            means[i] = (float) (sum / channels);
        }
        return new ActivationMatrix(tokens, 1, means);
    }

    /// The same tokens, each less its mean.
    public ActivationMatrix centred() {
        ActivationMatrix means = means();
        float[] centred = values.clone();
        for (int i = 0; i < centred.length; i++) {
            centred[i] -= means.values[i / channels];
        }
        return new ActivationMatrix(tokens, channels, centred);
    }

    /// The same tokens with every channel divided by a factor.
    public ActivationMatrix dividedBy(float[] factors) {
        float[] divided = values.clone();
        for (int i = 0; i < divided.length; i++) {
            divided[i] /= factors[i % channels];
        }
        return new ActivationMatrix(tokens, channels, divided);
    }

    /// The same tokens with every channel multiplied with a factor.
    public ActivationMatrix times(float[] factors) {
        float[] multiplied = values.clone();
        for (int i = 0; i < multiplied.length; i++) {
            multiplied[i] *= factors[i % channels];
        }
        return new ActivationMatrix(tokens, channels, multiplied);
    }

    /// The same tokens with one number added to every value.
    public ActivationMatrix plus(float shift) {
        float[] shifted = values.clone();
        for (int i = 0; i < shifted.length; i++) {
            shifted[i] += shift;
        }
        return new ActivationMatrix(tokens, channels, shifted);
    }

    /// The same tokens, each rotated.
    public ActivationMatrix rotated(Rotation rotation) {
        float[] rotated = new float[values.length];
        for (int i = 0; i < tokens; i++) {
            float[] token = token(i);
            rotation.apply(token);
            System.arraycopy(token, 0, rotated, i * channels, channels);
        }
        return new ActivationMatrix(tokens, channels, rotated);
    }

    /// Inner product of one token with `channels` weights; summed in F32 in eight interleaved parts.
    double dot(int token, float[] weights) {
        float[] sums = new float[8];
        int base = token * channels;
        int whole = channels - channels % 8;
        for (int j = 0; j < whole; j += 8) {
            for (int lane = 0; lane < 8; lane++) {
                sums[lane] += values[base + j + lane] * weights[j + lane];
            }
        }
        double total = 0;
        for (int j = whole; j < channels; j++) {
            total += values[base + j] * weights[j];
        }
        for (float sum : sums) {
            total += sum;
        }
        return total;
    }
}
