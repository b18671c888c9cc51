package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.CentroidTable;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.function.ToDoubleFunction;

/// Emits [ActivationQuantizer.Centroids], as [dev.quantreel.engines.quant.QuantizedActivation] specifies it: the cell
/// of a value by a division and a floor, the integer by a lookup. The tables of all bits are in the graph, since the
/// bits are known at run time alone.
///
/// @param graph the graph
/// @param max F32 scalar, largest code: 7, 31, 127
record CentroidEmitter(OnnxGraphBuilder graph, Value max) {

    private static final int OFFSET = 128;
    private static final int BITS = CentroidTable.MAX_BITS - CentroidTable.MIN_BITS + 1;

    /// @param x F32 `[batch, tokens, channels]`
    Operands emit(Value x, List<CentroidTable> tables, boolean exact) {
        int largest = exact ? CentroidTable.WIDE_MAX : CentroidTable.BYTE_MAX;
        Value row = row();
        Value mean = graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 1), op(OnnxOp.Mul, x, x), graph.longs(-1));
        Value rms = op(OnnxOp.Sqrt, mean);
        Value width = op(OnnxOp.Mul, rms, picked(row, tables, CentroidTable::cell));
        Value cell = op(OnnxOp.Where, op(OnnxOp.Greater, width, graph.constant(0)), width, graph.constant(1));
        Value place = op(
                OnnxOp.Clip,
                op(OnnxOp.Floor, op(OnnxOp.Div, x, cell)),
                graph.constant(-CentroidTable.CELLS),
                graph.constant(CentroidTable.CELLS - 1));
        Value index = cast(place, DType.I32);
        Value scale = op(OnnxOp.Mul, rms, picked(row, tables, table -> table.unit(largest)));
        if (!exact) {
            return Operands.of(looked(index, row, tables, largest, value -> value + OFFSET), scale);
        }
        Value upper = looked(index, row, tables, largest, value -> Math.floorDiv(value + 128, 256) + OFFSET);
        Value lower = looked(index, row, tables, largest, value -> Math.floorMod(value + 128, 256));
        return new Operands(
                List.of(new Operands.Term(upper, 256), new Operands.Term(lower, 1)), scale, Optional.empty(), 1);
    }

    /// I64 scalar: row of the tables for these bits.
    private Value row() {
        long[] rows = new long[ActivationQuantizer.maxCode(CentroidTable.MAX_BITS) + 1];
        for (int code = 0; code < rows.length; code++) {
            int bits = 1 + Integer.SIZE - Integer.numberOfLeadingZeros(code);
            rows[code] = Math.max(bits, CentroidTable.MIN_BITS) - CentroidTable.MIN_BITS;
        }
        return op(OnnxOp.Gather, graph.longs(rows), cast(max, DType.I64));
    }

    /// F32 scalar.
    private Value picked(Value row, List<CentroidTable> tables, ToDoubleFunction<CentroidTable> byBits) {
        float[] values = new float[BITS];
        for (int i = 0; i < BITS; i++) {
            values[i] = (float) byBits.applyAsDouble(tables.get(i));
        }
        return op(OnnxOp.Gather, graph.constant(Tensor.of(Shape.of(BITS), values)), row);
    }

    /// U8, shaped as `index`.
    private Value looked(Value index, Value row, List<CentroidTable> tables, int largest, IntUnaryOperator part) {
        int cells = 2 * CentroidTable.CELLS;
        Tensor table = Tensor.zeros(DType.U8, Shape.of(BITS, cells));
        for (int i = 0; i < BITS; i++) {
            int[] integers = tables.get(i).integers(largest);
            for (int k = 0; k < cells; k++) {
                table.data().set(ValueLayout.JAVA_BYTE, (long) i * cells + k, (byte) part.applyAsInt(integers[k]));
            }
        }
        return op(OnnxOp.Gather, op(OnnxOp.Gather, graph.constant(table), row), index);
    }

    private Value cast(Value value, DType to) {
        return graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(to)), value);
    }

    private Value op(OnnxOp op, Value... inputs) {
        return graph.op(op, inputs);
    }
}
