package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Emits quantized weights: packed codes and zero points as initializers, and the constant expressions that an engine
/// folds once at load into the right operand of the product.
///
/// @param graph the graph that owns the initializers
record WeightEmitter(OnnxGraphBuilder graph) {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// One layer's weight in a graph.
    ///
    /// @param codes U4 or U8 `[out, in]`
    /// @param zeroPoints U8 `[out, 1]`
    /// @param steps F32 `[out]`
    record Stored(QuantizedMatrix matrix, Value codes, Value zeroPoints, Value steps) {}

    Stored store(String layer, QuantizedMatrix matrix) {
        return new Stored(
                matrix,
                graph.initializer(layer + ".weight", matrix.codes()),
                graph.initializer(
                        layer + ".weight_zero_point", matrix.zeroPoints().reshape(matrix.rows(), 1)),
                graph.initializer(layer + ".weight_step", matrix.steps()));
    }

    /// I8 `[in, out]`: `code - zeroPoint`, which fits up to 7 bits; with 8 bits `code - 128`, see [#zeroPoint].
    Value integers(Stored weight) {
        Value levels = weight.matrix().bits() < 8
                ? op(OnnxOp.Sub, cast(weight.codes(), DType.I8), cast(weight.zeroPoints(), DType.I8))
                : cast(op(OnnxOp.Sub, cast(weight.codes(), DType.I32), ints(Shape.of(), 128)), DType.I8);
        return transposed(levels);
    }

    /// I8 `[out]`, the zero point that is left in [#integers] of an 8-bit weight; none below.
    Value zeroPoint(Stored weight) {
        if (weight.matrix().bits() < 8) {
            return graph.none;
        }
        Value rest = op(OnnxOp.Sub, cast(weight.zeroPoints(), DType.I32), ints(Shape.of(), 128));
        return cast(op(OnnxOp.Squeeze, rest, graph.longs(1)), DType.I8);
    }

    /// F32 `[in, out]`: `step * (code - zeroPoint)`.
    Value floats(Stored weight) {
        Value levels = op(OnnxOp.Sub, cast(weight.codes(), DType.F32), cast(weight.zeroPoints(), DType.F32));
        Value steps = op(OnnxOp.Unsqueeze, weight.steps(), graph.longs(1));
        return transposed(op(OnnxOp.Mul, levels, steps));
    }

    /// I32 `[out]`: sums of `code - zeroPoint` over each row.
    Value rowSums(Stored weight) {
        QuantizedMatrix matrix = weight.matrix();
        int[] sums = new int[matrix.rows()];
        for (int row = 0; row < sums.length; row++) {
            for (int column = 0; column < matrix.columns(); column++) {
                sums[row] += matrix.code(row, column) - matrix.zeroPoint(row);
            }
        }
        return ints(Shape.of(sums.length), sums);
    }

    Value ints(Shape shape, int... values) {
        Tensor tensor = Tensor.zeros(DType.I32, shape);
        for (int i = 0; i < values.length; i++) {
            tensor.data().set(INT, i * 4L, values[i]);
        }
        return graph.constant(tensor);
    }

    private Value transposed(Value value) {
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), value);
    }

    private Value cast(Value value, DType to) {
        return graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(to)), value);
    }

    private Value op(OnnxOp op, Value... inputs) {
        return graph.op(op, inputs);
    }
}
