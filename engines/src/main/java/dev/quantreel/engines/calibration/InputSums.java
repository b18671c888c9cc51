package dev.quantreel.engines.calibration;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Sums over the tokens of one activation. Not thread-safe.
final class InputSums {

    /// Tokens that are collected before they are multiplied.
    private static final int COLLECTED = 256;

    private final boolean withGram;
    private final ParallelPieces pieces;
    private float[] absMax = new float[0];
    private long tokens;
    private Matrix gram = Matrix.zeros(0, 0);
    private float[] collected = new float[0];
    private int waiting;

    InputSums(boolean withGram, ParallelPieces pieces) {
        this.withGram = withGram;
        this.pieces = pieces;
    }

    /// @param input F32 `[..., tokens, channels]`
    /// @param mostTokens spread evenly, that are taken of it
    void add(Tensor input, int mostTokens) {
        int rank = input.shape().rank();
        int channels = Math.toIntExact(input.shape().dim(rank - 1));
        int given = Math.toIntExact(input.elements() / channels);
        begin(channels);
        float[] row = new float[channels];
        int taken = Math.min(given, mostTokens);
        for (int i = 0; i < taken; i++) {
            long token = (long) i * given / taken;
            MemorySegment.copy(input.data(), Tensor.FLOAT, 4 * token * channels, row, 0, channels);
            add(row);
        }
    }

    private void begin(int channels) {
        if (absMax.length == 0) {
            absMax = new float[channels];
            if (withGram) {
                gram = Matrix.zeros(channels, channels);
                collected = new float[COLLECTED * channels];
            }
        }
    }

    private void add(float[] row) {
        for (int channel = 0; channel < row.length; channel++) {
            if (!Float.isFinite(row[channel])) {
                throw new IllegalStateException("the model in full precision puts out NaN or infinities");
            }
            absMax[channel] = Math.max(absMax[channel], Math.abs(row[channel]));
        }
        tokens++;
        if (withGram) {
            System.arraycopy(row, 0, collected, waiting * row.length, row.length);
            waiting++;
            if (waiting == COLLECTED) {
                flush();
            }
        }
    }

    private void flush() {
        if (waiting > 0) {
            int channels = absMax.length;
            gram.addGram(Matrix.of(waiting, channels, Arrays.copyOf(collected, waiting * channels)), pieces);
            waiting = 0;
        }
    }

    long tokens() {
        return tokens;
    }

    float[] absMax() {
        return absMax;
    }

    /// The finished sum; nothing can be added afterwards.
    Matrix gram() {
        finish();
        return gram.mirror();
    }

    /// Ends the adding.
    private void finish() {
        flush();
        collected = new float[0];
    }

    /// The finished sum as a file holds it, the upper triangle row by row; nothing can be added afterwards.
    Tensor upper(Arena arena) {
        finish();
        int n = gram.rows();
        Tensor upper = Tensor.allocate(DType.F32, Shape.of((long) n * (n + 1) / 2), arena);
        long at = 0;
        for (int i = 0; i < n; i++) {
            MemorySegment.copy(gram.values(), i * n + i, upper.data(), Tensor.FLOAT, 4 * at, n - i);
            at += n - i;
        }
        return upper;
    }

    /// The sum that [#upper] was made of.
    static Matrix ofUpper(Tensor upper, int channels) {
        Matrix gram = Matrix.zeros(channels, channels);
        long at = 0;
        for (int i = 0; i < channels; i++) {
            MemorySegment.copy(upper.data(), Tensor.FLOAT, 4 * at, gram.values(), i * channels + i, channels - i);
            at += channels - i;
        }
        return gram.mirror();
    }
}
