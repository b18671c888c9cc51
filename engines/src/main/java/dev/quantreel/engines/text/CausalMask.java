package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;

/// What is added to the scores so that a token sees itself and what comes before it.
final class CausalMask {

    /// Name of the graph input, F32 `[1, 1, tokens, tokens]`.
    static final String INPUT = "mask";

    /// Far below every score, and far enough from the end of the range that a sum stays finite.
    private static final float HIDDEN = -1e30f;

    private CausalMask() {}

    static Tensor of(int tokens) {
        Tensor mask = Tensor.zeros(DType.F32, Shape.of(1, 1, tokens, tokens));
        for (int query = 0; query < tokens; query++) {
            for (int key = query + 1; key < tokens; key++) {
                mask.data().set(Tensor.FLOAT, ((long) query * tokens + key) * Float.BYTES, HIDDEN);
            }
        }
        return mask;
    }
}
