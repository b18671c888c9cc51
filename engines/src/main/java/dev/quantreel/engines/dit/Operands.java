package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Value;
import java.util.List;
import java.util.Optional;

/// A quantized activation in a graph, ready for integer products with any weight that reads it.
///
/// @param terms integer left operands and what their products count for
/// @param scale F32: `[batch, tokens, 1]` (or `[batch, 1, 1]`), with exact blocks `[batch, groups, tokens, 1]`
/// @param zeroPoint I32 `[batch, tokens, 1]`, the code of 0 where it varies by token; otherwise codes have 128
/// @param groups scales per token; with more than one the operand is `[batch, groups, tokens, groupSize]`
/// @param offset the code of 0 where it does not vary: 128, or 0 of unsigned values
record Operands(List<Term> terms, Value scale, Optional<Value> zeroPoint, int groups, int offset) {

    /// The code of 0 of values with a sign.
    static final int SIGNED = 128;

    Operands(List<Term> terms, Value scale, Optional<Value> zeroPoint, int groups) {
        this(terms, scale, zeroPoint, groups, SIGNED);
    }

    /// @param operand U8 `[batch, tokens, in]`
    /// @param factor 1, or 16 for the upper half of split codes
    record Term(Value operand, int factor) {}

    static Operands of(Value operand, Value scale) {
        return new Operands(List.of(new Term(operand, 1)), scale, Optional.empty(), 1);
    }
}
