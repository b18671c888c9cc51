package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Emits quantized weights: the tiles of their codes as they lie in memory, and the few operations that make factors of
/// integer products of them. Large weights are streamed, so that they stay at their stored size and are unpacked at
/// every run into memory of one tile; an engine folds small ones once at load.
///
/// @param graph the graph that owns the initializers
record WeightEmitter(OnnxGraphBuilder graph) {

    /// Weights from which on a matrix is streamed; below, unpacking would cost more than it saves.
    static final long STREAMED_FROM = 1 << 20;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// One layer's weight in a graph, as factors for consecutive runs of outputs.
    record Stored(QuantizedMatrix matrix, List<Factor> factors) {}

    /// The right factor of a product.
    ///
    /// @param first output of the first column
    /// @param integers I8 `[in, outputs]`: `code`, or `code - 128` with 8 bits
    /// @param zeroPoint I8 `[outputs]`, what stands for 0 in `integers`
    /// @param steps F32 `[outputs]`
    record Factor(int first, int outputs, Value integers, Value zeroPoint, Value steps) {}

    /// @param after the left factor of the product, see [#four]
    Stored store(String layer, QuantizedMatrix matrix, Value after) {
        List<Factor> factors = new ArrayList<>();
        boolean streamed = (long) matrix.rows() * matrix.columns() >= STREAMED_FROM;
        Value four = streamed && matrix.bits() <= 4 ? four(after) : bytes(4);
        for (CodeTiles.Tile tile : matrix.tiles().tiles()) {
            String name = layer + ".weight" + (tile.first() == 0 ? "" : "." + tile.first());
            Value codes = streamed ? graph.streamed(name, tile.codes()) : graph.initializer(name, tile.codes());
            if (matrix.bits() > 4) {
                factors.add(factor(matrix, tile.first(), tile.low(), codes));
                continue;
            }
            Value upper = graph.op(OnnxOp.BitShift, Attributes.of("direction", "RIGHT"), codes, four);
            Value lower = op(OnnxOp.Sub, codes, op(OnnxOp.Mul, upper, bytes(16)));
            factors.add(factor(matrix, tile.first(), tile.low(), cast(lower, DType.I8)));
            if (tile.high() > 0) {
                factors.add(factor(matrix, tile.first() + tile.low(), tile.high(), cast(upper, DType.I8)));
            }
        }
        return new Stored(matrix, List.copyOf(factors));
    }

    /// U8 `[1]`: 4, computed from the extent of `after`. Unpacking depends on nothing but the weight; without this tie
    /// ONNX Runtime unpacks many tiles before the first product and keeps all of them.
    private Value four(Value after) {
        Value tokens = graph.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), after);
        Value bound = longScalar(4);
        return cast(op(OnnxOp.Clip, tokens, bound, bound), DType.U8);
    }

    private Value longScalar(long value) {
        return graph.constant(Tensor.ofLongs(Shape.of(), value));
    }

    private Factor factor(QuantizedMatrix matrix, int first, int outputs, Value integers) {
        Tensor zeroPoints = Tensor.zeros(DType.I8, Shape.of(outputs));
        int offset = matrix.tiles().offset();
        for (int i = 0; i < outputs; i++) {
            zeroPoints.data().set(ValueLayout.JAVA_BYTE, i, (byte) (matrix.zeroPoint(first + i) - offset));
        }
        Tensor steps =
                new Tensor(DType.F32, Shape.of(outputs), matrix.steps().data().asSlice(4L * first, 4L * outputs));
        return new Factor(first, outputs, integers, graph.constant(zeroPoints), graph.constant(steps));
    }

    /// I8 `[in, outputs]`: `code - zeroPoint`, which fits up to 7 bits.
    Value levels(Factor factor) {
        return op(OnnxOp.Sub, factor.integers(), factor.zeroPoint());
    }

    /// F32 `[in, outputs]`: `step * (code - zeroPoint)`.
    Value floats(Factor factor) {
        Value levels = op(OnnxOp.Sub, cast(factor.integers(), DType.F32), cast(factor.zeroPoint(), DType.F32));
        return op(OnnxOp.Mul, levels, factor.steps());
    }

    /// I32 `[outputs]`: sums of `code - zeroPoint` over each row.
    Value rowSums(QuantizedMatrix matrix, Factor factor) {
        int[] sums = new int[factor.outputs()];
        for (int i = 0; i < sums.length; i++) {
            int row = factor.first() + i;
            for (int column = 0; column < matrix.columns(); column++) {
                sums[i] += matrix.code(row, column) - matrix.zeroPoint(row);
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

    /// U8 scalar.
    Value bytes(int value) {
        Tensor tensor = Tensor.zeros(DType.U8, Shape.of());
        tensor.data().set(ValueLayout.JAVA_BYTE, 0, (byte) value);
        return graph.constant(tensor);
    }

    Value cast(Value value, DType to) {
        return graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(to)), value);
    }

    private Value op(OnnxOp op, Value... inputs) {
        return graph.op(op, inputs);
    }
}
