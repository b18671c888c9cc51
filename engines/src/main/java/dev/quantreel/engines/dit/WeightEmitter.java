package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.Widening;
import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.CodeValues;
import dev.quantreel.engines.quant.MatrixGrids;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
    /// @param integers I8 `[in, outputs]`: `code`, or `code - 128` with 8 bits; with tables and multiples the level
    /// @param zeroPoint I8 `[outputs]`, what stands for 0 in `integers`; F32 `[groups, 1, outputs]` for weights
    /// that are no integers
    /// @param steps F32 `[outputs]`; `[groups, 1, outputs]` for weights that are no integers
    record Factor(int first, int outputs, Value integers, Value zeroPoint, Value steps) {}

    /// Where the grids of groups are emitted.
    ///
    /// @param name of the tile
    /// @param widening of grids that are streamed; empty for a weight that an engine folds
    private record Place(String name, Optional<Widening> widening) {}

    /// @param after the left factor of the product, see [#four]
    /// @param widened whether the product is one of floats
    Stored store(String layer, QuantizedMatrix matrix, Value after, boolean widened) {
        List<Factor> factors = new ArrayList<>();
        boolean streamed = (long) matrix.rows() * matrix.columns() >= STREAMED_FROM;
        Value four = streamed && matrix.bits() <= 4 ? four(after) : bytes(4);
        Optional<Widening> widening = streamed && (matrix.grids().groups() > 1 || widened && matrix.bits() > 4)
                ? Optional.of(Widening.after(graph, after))
                : Optional.empty();
        for (CodeTiles.Tile tile : matrix.tiles().tiles()) {
            String name = layer + ".weight" + (tile.first() == 0 ? "" : "." + tile.first());
            Value codes = streamed ? graph.streamed(name, tile.codes()) : graph.initializer(name, tile.codes());
            Place place = new Place(name, widening);
            if (matrix.bits() > 4) {
                Value late = widened && widening.isPresent()
                        ? op(OnnxOp.Reshape, codes, widening.get().shape())
                        : codes;
                factors.add(factor(matrix, new Run(tile.first(), tile.low(), late), place));
                continue;
            }
            Value upper = graph.op(OnnxOp.BitShift, Attributes.of("direction", "RIGHT"), codes, four);
            Value lower = op(OnnxOp.Sub, codes, op(OnnxOp.Mul, upper, bytes(16)));
            factors.add(factor(matrix, new Run(tile.first(), tile.low(), cast(lower, DType.I8)), place));
            if (tile.high() > 0) {
                Run run = new Run(tile.first() + tile.low(), tile.high(), cast(upper, DType.I8));
                factors.add(factor(matrix, run, new Place(name + ".upper", widening)));
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

    /// Codes of consecutive outputs.
    ///
    /// @param codes I8 `[in, outputs]`
    private record Run(int first, int outputs, Value codes) {}

    private Factor factor(QuantizedMatrix matrix, Run run, Place place) {
        if (!matrix.isInteger()) {
            Value steps = cast(byGroup(matrix.steps(), "steps", run, place), DType.F32);
            return matrix.grids().values() instanceof CodeValues.Table
                    ? new Factor(run.first, run.outputs, levels(matrix, run, place), graph.constant(0f), steps)
                    : new Factor(run.first, run.outputs, run.codes, floatZeroPoints(matrix, run, place), steps);
        }
        MatrixGrids grids = matrix.grids();
        Tensor steps = rows(grids.steps(), run, run.outputs);
        boolean leveled = grids.areMultiples() || grids.values() instanceof CodeValues.Table;
        Value integers = leveled ? levels(matrix, run, place) : run.codes;
        Tensor zeroPoints = Tensor.zeros(DType.I8, Shape.of(run.outputs));
        for (int i = 0; i < run.outputs && !leveled; i++) {
            int zeroPoint = grids.zeroPoint(run.first + i, 0) - matrix.tiles().offset();
            zeroPoints.data().set(ValueLayout.JAVA_BYTE, i, (byte) zeroPoint);
        }
        return new Factor(run.first, run.outputs, integers, graph.constant(zeroPoints), graph.constant(steps));
    }

    /// I8 `[in, outputs]`: what codes stand for in steps of their row.
    private Value levels(QuantizedMatrix matrix, Run run, Place place) {
        if (matrix.grids().values() instanceof CodeValues.Table(List<Integer> levels)) {
            Tensor table = Tensor.zeros(DType.I8, Shape.of(levels.size()));
            for (int i = 0; i < levels.size(); i++) {
                table.data().set(ValueLayout.JAVA_BYTE, i, levels.get(i).byteValue());
            }
            Value codes = cast(run.codes, DType.I32);
            return op(OnnxOp.Gather, graph.constant(table), codes);
        }
        Value zeroPoints = cast(byGroup(matrix.zeroPoints(), "zero_points", run, place), DType.I8);
        Value multipliers = cast(byGroup(matrix.grids().multipliers(), "multipliers", run, place), DType.I8);
        Value levels = op(OnnxOp.Mul, op(OnnxOp.Sub, grouped(matrix, run.codes, run.outputs), zeroPoints), multipliers);
        return op(OnnxOp.Reshape, levels, graph.longs(matrix.columns(), run.outputs));
    }

    /// `[groups, columns, outputs]`.
    private Value grouped(QuantizedMatrix matrix, Value codes, int outputs) {
        return op(OnnxOp.Reshape, codes, graph.longs(matrix.grids().groups(), matrix.groupSize(), outputs));
    }

    /// F32 `[groups, 1, outputs]`: what stands for 0 in the codes of a tile.
    private Value floatZeroPoints(QuantizedMatrix matrix, Run run, Place place) {
        Value zeroPoints = cast(byGroup(matrix.zeroPoints(), "zero_points", run, place), DType.F32);
        if (matrix.grids().values() instanceof CodeValues.Fractions(int parts)) {
            zeroPoints = op(OnnxOp.Mul, zeroPoints, graph.constant(1f / parts));
        }
        int offset = matrix.tiles().offset();
        return offset == 0 ? zeroPoints : op(OnnxOp.Sub, zeroPoints, graph.constant(offset));
    }

    /// `[groups, 1, outputs]` of the rows of `[rows, groups]` or `[rows]`, read where they lie.
    private Value byGroup(Tensor values, String kind, Run run, Place place) {
        int groups = values.shape().rank() == 1 ? 1 : (int) values.shape().dim(1);
        Tensor rows = rows(values, run, run.outputs, groups);
        Value matrix = place.widening
                .map(widening -> op(OnnxOp.Reshape, graph.streamed(place.name + "." + kind, rows), widening.shape()))
                .orElseGet(() -> graph.constant(rows));
        Value transposed = graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), matrix);
        return op(OnnxOp.Unsqueeze, transposed, graph.longs(1));
    }

    private static Tensor rows(Tensor values, Run run, long... shape) {
        long rowBytes = values.data().byteSize() / values.shape().dim(0);
        return new Tensor(
                values.dtype(), Shape.of(shape), values.data().asSlice(run.first * rowBytes, run.outputs * rowBytes));
    }

    /// I8 `[in, outputs]`: `code - zeroPoint`, which fits up to 7 bits.
    Value levels(Factor factor) {
        return op(OnnxOp.Sub, factor.integers(), factor.zeroPoint());
    }

    /// F32 `[in, outputs]`: the weights.
    Value floats(QuantizedMatrix matrix, Factor factor) {
        Value integers = cast(factor.integers(), DType.F32);
        if (matrix.isInteger()) {
            return op(OnnxOp.Mul, op(OnnxOp.Sub, integers, cast(factor.zeroPoint(), DType.F32)), factor.steps());
        }
        Value levels = op(OnnxOp.Sub, grouped(matrix, integers, factor.outputs()), factor.zeroPoint());
        Value weights = op(OnnxOp.Mul, levels, factor.steps());
        return op(OnnxOp.Reshape, weights, graph.longs(matrix.columns(), factor.outputs()));
    }

    /// I32 `[outputs]`: sums of the levels of each row.
    Value rowSums(QuantizedMatrix matrix, Factor factor) {
        int[] sums = new int[factor.outputs()];
        for (int i = 0; i < sums.length; i++) {
            for (int column = 0; column < matrix.columns(); column++) {
                sums[i] += matrix.level(factor.first() + i, column);
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
