package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
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

    /// F32 `[batch, tokens, in]`: what the integers stand for.
    ///
    /// @param columns of the weight, the operand's channels
    Value dequantized(OnnxGraphBuilder graph, int columns) {
        Value zero = zeroPoint.map(value -> floats(graph, value)).orElseGet(() -> graph.constant(offset));
        Value sum = terms.stream()
                .map(term -> {
                    Value codes = graph.op(OnnxOp.Sub, floats(graph, term.operand()), zero);
                    return graph.op(OnnxOp.Mul, codes, graph.constant(term.factor()));
                })
                .reduce((a, b) -> graph.op(OnnxOp.Add, a, b))
                .orElseThrow();
        Value scaled = graph.op(OnnxOp.Mul, sum, scale);
        if (groups == 1) {
            return scaled;
        }
        Value byToken = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1, 3), scaled);
        return graph.op(OnnxOp.Reshape, byToken, graph.longs(0, 0, columns));
    }

    private static Value floats(OnnxGraphBuilder graph, Value value) {
        return graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.F32)), value);
    }
}
