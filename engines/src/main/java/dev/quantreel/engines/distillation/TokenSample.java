package dev.quantreel.engines.distillation;

import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Tokens of what one linear read, with the frame that each belongs to. Not thread-safe.
final class TokenSample {

    private final int channels;
    private final int frames;
    private float[] values = new float[0];
    private int[] frameOf = new int[0];
    private int tokens;

    /// @param frames of the clip; 0 where the layer does not read the tokens of a clip
    TokenSample(int channels, int frames) {
        this.channels = channels;
        this.frames = frames;
    }

    /// Takes some tokens, the same number of every frame as far as it goes.
    ///
    /// @param input F32 `[1, tokens, channels]`
    /// @param offset shifts which tokens are taken, so that several runs do not give the same ones
    void take(Tensor input, int most, int offset) {
        int given = Math.toIntExact(input.elements() / channels);
        int taken = Math.min(given, most);
        reserve(tokens + taken);
        for (int i = 0; i < taken; i++) {
            int stride = given / taken;
            int token = (int) ((long) i * given / taken) + offset % Math.max(stride, 1);
            MemorySegment.copy(input.data(), Tensor.FLOAT, 4L * token * channels, values, tokens * channels, channels);
            frameOf[tokens] = frames == 0 ? 0 : FrameFactors.frame(token, given, frames);
            tokens++;
        }
    }

    private void reserve(int wanted) {
        if (wanted > frameOf.length) {
            int capacity = Math.max(wanted, 2 * frameOf.length);
            values = Arrays.copyOf(values, Math.multiplyExact(capacity, channels));
            frameOf = Arrays.copyOf(frameOf, capacity);
        }
    }

    /// Every token whose number leaves a rest, or every other one.
    ///
    /// @param period of the tokens that are set apart
    /// @param setApart whether those are wanted, or the others
    TokenSample part(int period, boolean setApart) {
        TokenSample part = new TokenSample(channels, frames);
        part.reserve(tokens);
        for (int token = 0; token < tokens; token++) {
            if (token % period == period - 1 == setApart) {
                System.arraycopy(values, token * channels, part.values, part.tokens * channels, channels);
                part.frameOf[part.tokens++] = frameOf[token];
            }
        }
        return part;
    }

    int tokens() {
        return tokens;
    }

    int channels() {
        return channels;
    }

    int frames() {
        return frames;
    }

    int frame(int token) {
        return frameOf[token];
    }

    float at(int token, int channel) {
        return values[token * channels + channel];
    }

    /// The values, `[tokens, channels]`, and room behind them.
    float[] values() {
        return values;
    }

    double dot(int token, double[] vector) {
        double first = 0;
        double second = 0;
        int base = token * channels;
        int even = channels & ~1;
        for (int i = 0; i < even; i += 2) {
            first += values[base + i] * vector[i];
            second += values[base + i + 1] * vector[i + 1];
        }
        if (even < channels) {
            first += values[base + even] * vector[even];
        }
        return first + second;
    }
}
