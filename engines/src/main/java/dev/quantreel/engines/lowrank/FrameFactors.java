package dev.quantreel.engines.lowrank;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// What a branch counts for in each frame of a clip (the M of Q-VDiT). The tokens of a frame lie together, frame after
/// frame; token `n` of `N` has that of number `floor(n * frames / N)`, so a clip of another length takes those of the
/// same moments.
///
/// @param factors per frame; none where all tokens count alike
public record FrameFactors(List<Float> factors) {

    /// All tokens count alike.
    public static final FrameFactors NONE = new FrameFactors(List.of());

    public FrameFactors {
        factors = List.copyOf(factors);
        for (float factor : factors) {
            if (!Float.isFinite(factor)) {
                throw new IllegalArgumentException("the factor of a frame is " + factor + "; it must be finite");
            }
        }
    }

    /// Whether all tokens count alike.
    public boolean isEmpty() {
        return factors.isEmpty();
    }

    /// The factor of one token.
    public float of(int token, int tokens) {
        return isEmpty() ? 1 : factors.get(frame(token, tokens, factors.size()));
    }

    /// The frame that a token belongs to.
    public static int frame(int token, int tokens, int frames) {
        return Math.toIntExact((long) token * frames / tokens);
    }

    /// The inverse of [#tensor].
    public static FrameFactors of(Tensor tensor) {
        List<Float> factors = new ArrayList<>();
        for (float factor : tensor.toFloatArray()) {
            factors.add(factor);
        }
        return new FrameFactors(factors);
    }

    /// The mean of all frames, 1 where all tokens count alike.
    public float mean() {
        return isEmpty()
                ? 1
                : (float) factors.stream().mapToDouble(Float::doubleValue).sum() / factors.size();
    }

    /// F32 `[frames]`.
    public Tensor tensor() {
        float[] values = new float[factors.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = factors.get(i);
        }
        return Tensor.of(Shape.of(values.length), values);
    }
}
