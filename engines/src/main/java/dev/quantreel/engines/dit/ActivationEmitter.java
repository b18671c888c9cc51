package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ActivationQuantizer.Statistic;
import dev.quantreel.engines.quant.CentroidTable;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;

/// Emits the quantization of activations, operation by operation as [dev.quantreel.engines.quant.QuantizedActivation]
/// specifies it.
///
/// Where one scale serves a whole token, block-wise QuantizeLinear (opset 21, block = token) divides, rounds, adds the
/// zero point and narrows in a single pass over the token.
///
/// @param graph the graph, or the branch of an `If`
/// @param max F32 scalar, largest code: 7, 31, 127
/// @param clip F32 scalar, see [ActivationQuantizer#clip]
/// @param wide whether codes may need more than four bits, so that channel multipliers need split codes
/// @param tables of [ActivationQuantizer.Centroids] by channels
record ActivationEmitter(
        OnnxGraphBuilder graph, Value max, Value clip, boolean wide, IntFunction<List<CentroidTable>> tables) {

    private static final int ZERO_POINT = 128;
    private static final float CHANNEL_MULTIPLIERS = 15;

    /// Largest code that still counts as fewer than 8 bits: half way between those of 7 and 8 bits.
    private static final float EIGHT_BITS_FROM = 95;

    /// @param x F32 `[batch, tokens, channels]`, rotated where the plan rotates
    Operands emit(ActivationQuantizer quantizer, Value x, int channels) {
        return switch (quantizer.fit(channels)) {
            case ActivationQuantizer.Block block -> block(x, channels, block.groupSize());
            case ActivationQuantizer.BlockExact block -> blockExact(x, channels, block.groupSize());
            case ActivationQuantizer.Token _ -> token(x, channels, absmax(x, -1));
            case ActivationQuantizer.RowNormalized _ -> token(x, channels, rms(x, -1));
            case ActivationQuantizer.TokenAsymmetric _ -> tokenAsymmetric(x, channels);
            case ActivationQuantizer.Channel _ -> channel(x);
            case ActivationQuantizer.ChannelToken(Statistic statistic) -> channelToken(x, statistic);
            case ActivationQuantizer.Centroids(boolean exact) ->
                new CentroidEmitter(graph, max).emit(x, tables.apply(channels), exact);
            case ActivationQuantizer.DualScale _ -> dualScale(x);
            case ActivationQuantizer.Unsigned(int groupSize) -> unsigned(x, channels, groupSize);
            case ActivationQuantizer.GeluAware(ActivationQuantizer usual, int _) -> emit(usual, x, channels);
            case ActivationQuantizer.Auto auto -> switched(auto, x, channels);
            case ActivationQuantizer.FullPrecision _ ->
                throw new IllegalArgumentException("full-precision activations have no integer form");
        };
    }

    private Operands switched(ActivationQuantizer.Auto auto, Value x, int channels) {
        OnnxGraphBuilder eightBits = graph.subgraph("eight_bits");
        branch(eightBits, auto.rowNormalized(), x, channels);
        OnnxGraphBuilder fewerBits = graph.subgraph("fewer_bits");
        branch(fewerBits, auto.block(), x, channels);
        Value isWide = op(OnnxOp.Greater, max, constant(EIGHT_BITS_FROM));
        List<Value> outputs = graph.op(
                OnnxOp.If, 2, Attributes.NONE.and("then_branch", eightBits).and("else_branch", fewerBits), isWide);
        return Operands.of(outputs.get(0), outputs.get(1));
    }

    private void branch(OnnxGraphBuilder branch, ActivationQuantizer quantizer, Value x, int channels) {
        Operands operands = new ActivationEmitter(branch, max, clip, wide, tables).emit(quantizer, x, channels);
        Value operand = operands.terms().getFirst().operand();
        Dim batch = Dim.of(operand.name() + "/batch");
        Dim tokens = Dim.of(operand.name() + "/tokens");
        branch.output(operand.name(), operand, DType.U8, batch, tokens, Dim.of(channels));
        branch.output(operands.scale().name(), operands.scale(), DType.F32, batch, tokens, Dim.of(1));
    }

    private Operands token(Value x, int channels, Value range) {
        Value scale = clipped(range, max);
        return Operands.of(symmetric(x, scale, channels), scale);
    }

    private Operands block(Value x, int channels, int groupSize) {
        Value multipliers = op(OnnxOp.Floor, op(OnnxOp.Div, constant(127), max));
        Value blocks = op(OnnxOp.Reshape, x, graph.longs(0, 0, channels / groupSize, groupSize));
        Value absmax = absmax(blocks, -1);
        Value t = clipped(reduce(OnnxOp.ReduceMax, absmax, -2), op(OnnxOp.Mul, max, multipliers));
        Value m = multiplier(absmax, op(OnnxOp.Mul, t, max), multipliers);
        Value codes = rounded(op(OnnxOp.Div, blocks, op(OnnxOp.Mul, t, m)));
        Value operand = operand(op(OnnxOp.Mul, codes, m));
        Value scale = op(OnnxOp.Squeeze, t, graph.longs(-1));
        return Operands.of(op(OnnxOp.Reshape, operand, graph.longs(0, 0, channels)), scale);
    }

    private Operands dualScale(Value x) {
        Value multipliers = op(OnnxOp.Floor, op(OnnxOp.Div, constant(127), max));
        Value zero = constant(0);
        Value high = op(OnnxOp.Max, reduce(OnnxOp.ReduceMax, x, -1), zero);
        Value low = op(OnnxOp.Max, op(OnnxOp.Neg, reduce(OnnxOp.ReduceMin, x, -1)), zero);
        Value t = clipped(op(OnnxOp.Max, low, high), op(OnnxOp.Mul, max, multipliers));
        Value grain = op(OnnxOp.Mul, t, max);
        Value above = multiplier(high, grain, multipliers);
        Value below = multiplier(low, grain, multipliers);
        Value m = op(OnnxOp.Where, op(OnnxOp.Greater, x, zero), above, below);
        Value codes = rounded(op(OnnxOp.Div, x, op(OnnxOp.Mul, t, m)));
        return Operands.of(operand(op(OnnxOp.Mul, codes, m)), t);
    }

    private Value multiplier(Value range, Value grain, Value most) {
        Value ratio = op(OnnxOp.Div, op(OnnxOp.Mul, range, clip), grain);
        return op(OnnxOp.Clip, op(OnnxOp.Ceil, ratio), constant(1), most);
    }

    private Operands blockExact(Value x, int channels, int groupSize) {
        int groups = channels / groupSize;
        Value blocks = op(OnnxOp.Reshape, x, graph.longs(0, 0, groups, groupSize));
        Value perBlock = clipped(absmax(blocks, -1), max);
        Value codes = symmetric(x, op(OnnxOp.Squeeze, perBlock, graph.longs(-1)), groupSize);
        return byBlock(codes, perBlock, groups, groupSize, ZERO_POINT);
    }

    private Operands unsigned(Value x, int channels, int groupSize) {
        int groups = channels / groupSize;
        Value levels = op(OnnxOp.Add, op(OnnxOp.Mul, max, constant(2)), constant(1));
        Value blocks = op(OnnxOp.Reshape, x, graph.longs(0, 0, groups, groupSize));
        Value perBlock = positive(op(OnnxOp.Div, reduce(OnnxOp.ReduceMax, blocks, -1), levels));
        Value scale = op(OnnxOp.Squeeze, perBlock, graph.longs(-1));
        Value zeros = op(OnnxOp.Expand, bytes(0), op(OnnxOp.Shape, scale));
        Value codes = op(OnnxOp.Clip, quantized(x, scale, zeros, groupSize), graph.none, cast(levels, DType.U8));
        return byBlock(codes, perBlock, groups, groupSize, 0);
    }

    /// @param codes U8 `[batch, tokens, channels]`
    /// @param perBlock scales, `[batch, tokens, groups, 1]`
    private Operands byBlock(Value codes, Value perBlock, int groups, int groupSize, int offset) {
        Value grouped = op(OnnxOp.Reshape, codes, graph.longs(0, 0, groups, groupSize));
        Attributes swap = Attributes.ints("perm", 0, 2, 1, 3);
        return new Operands(
                List.of(new Operands.Term(graph.op(OnnxOp.Transpose, swap, grouped), 1)),
                graph.op(OnnxOp.Transpose, swap, perBlock),
                Optional.empty(),
                groups,
                offset);
    }

    private Operands tokenAsymmetric(Value x, int channels) {
        Value zero = constant(0);
        Value levels = op(OnnxOp.Add, op(OnnxOp.Mul, max, constant(2)), constant(1));
        Value low = op(OnnxOp.Min, reduce(OnnxOp.ReduceMin, x, -1), zero);
        Value high = op(OnnxOp.Max, reduce(OnnxOp.ReduceMax, x, -1), zero);
        Value scale = positive(op(OnnxOp.Div, op(OnnxOp.Sub, high, low), levels));
        Value ideal = op(OnnxOp.Round, op(OnnxOp.Div, op(OnnxOp.Neg, low), scale));
        Value zeroPoint = op(OnnxOp.Clip, ideal, zero, levels);
        Value codes = quantized(x, scale, cast(zeroPoint, DType.U8), channels);
        Value operand = op(OnnxOp.Clip, codes, graph.none, cast(levels, DType.U8));
        return new Operands(List.of(new Operands.Term(operand, 1)), scale, Optional.of(cast(zeroPoint, DType.I32)), 1);
    }

    private Operands channel(Value x) {
        Value statistic = absmax(x, -2);
        Value largest = reduce(OnnxOp.ReduceMax, statistic, -1);
        Value t = positive(op(OnnxOp.Div, largest, op(OnnxOp.Mul, max, constant(CHANNEL_MULTIPLIERS))));
        Value m = channelMultipliers(statistic, op(OnnxOp.Mul, t, max));
        return split(rounded(op(OnnxOp.Div, x, op(OnnxOp.Mul, t, m))), m, t);
    }

    private Operands channelToken(Value x, Statistic kind) {
        Value statistic = kind == Statistic.ABSMAX ? absmax(x, -2) : rms(x, -2);
        Value largest = reduce(OnnxOp.ReduceMax, statistic, -1);
        Value unit = positive(op(OnnxOp.Div, largest, constant(CHANNEL_MULTIPLIERS)));
        Value m = channelMultipliers(statistic, unit);
        Value balanced = op(OnnxOp.Div, x, op(OnnxOp.Mul, unit, m));
        Value scale = positive(op(OnnxOp.Div, absmax(balanced, -1), max));
        return split(rounded(op(OnnxOp.Div, balanced, scale)), m, op(OnnxOp.Mul, scale, unit));
    }

    private Value channelMultipliers(Value statistic, Value grain) {
        Value ratio = op(OnnxOp.Ceil, op(OnnxOp.Div, statistic, grain));
        return op(OnnxOp.Clip, ratio, constant(1), constant(CHANNEL_MULTIPLIERS));
    }

    /// `q = 16 h + l`: both halves times a multiplier of at most 15 fit the operand.
    private Operands split(Value codes, Value m, Value scale) {
        List<Operands.Term> terms = new ArrayList<>();
        Value lower = codes;
        if (wide) {
            Value upper = op(OnnxOp.Round, op(OnnxOp.Div, codes, constant(16)));
            lower = op(OnnxOp.Sub, codes, op(OnnxOp.Mul, upper, constant(16)));
            terms.add(new Operands.Term(operand(op(OnnxOp.Mul, upper, m)), 16));
        }
        terms.add(new Operands.Term(operand(op(OnnxOp.Mul, lower, m)), 1));
        return new Operands(List.copyOf(terms), scale, Optional.empty(), 1);
    }

    /// `range * clip / divisor`. Not `range * (clip / divisor)`: with a constant clip of 1 engines rewrite that to
    /// `range / divisor`, which rounds differently.
    private Value clipped(Value range, Value divisor) {
        return positive(op(OnnxOp.Div, op(OnnxOp.Mul, range, clip), divisor));
    }

    /// `clamp(rint(x / scale), ±max) + 128` in one pass and a narrow one.
    private Value symmetric(Value x, Value scale, int blockSize) {
        Value zeroPoint = op(OnnxOp.Expand, bytes(ZERO_POINT), op(OnnxOp.Shape, scale));
        Value codes = quantized(x, scale, zeroPoint, blockSize);
        Value lowest = cast(op(OnnxOp.Sub, constant(ZERO_POINT), max), DType.U8);
        Value highest = cast(op(OnnxOp.Add, constant(ZERO_POINT), max), DType.U8);
        return op(OnnxOp.Clip, codes, lowest, highest);
    }

    private Value quantized(Value x, Value scale, Value zeroPoint, int blockSize) {
        Attributes blocks = Attributes.of("axis", -1).and("block_size", blockSize);
        return graph.op(OnnxOp.QuantizeLinear, blocks, x, scale, zeroPoint);
    }

    private Value rounded(Value ratio) {
        return op(OnnxOp.Clip, op(OnnxOp.Round, ratio), op(OnnxOp.Neg, max), max);
    }

    private Value operand(Value integers) {
        return op(OnnxOp.QuantizeLinear, integers, constant(1), bytes(ZERO_POINT));
    }

    private Value absmax(Value x, int axis) {
        return reduce(OnnxOp.ReduceMax, op(OnnxOp.Abs, x), axis);
    }

    private Value rms(Value x, int axis) {
        return op(OnnxOp.Sqrt, reduce(OnnxOp.ReduceMean, op(OnnxOp.Mul, x, x), axis));
    }

    private Value reduce(OnnxOp op, Value x, int axis) {
        return graph.op(op, Attributes.of("keepdims", 1), x, graph.longs(axis));
    }

    /// Scales of tokens of zeros become 1.
    private Value positive(Value scale) {
        return op(OnnxOp.Where, op(OnnxOp.Greater, scale, constant(0)), scale, constant(1));
    }

    private Value cast(Value value, DType to) {
        return graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(to)), value);
    }

    private Value constant(float value) {
        return graph.constant(value);
    }

    private Value bytes(int value) {
        Tensor tensor = Tensor.zeros(DType.U8, Shape.of());
        tensor.data().set(ValueLayout.JAVA_BYTE, 0, (byte) value);
        return graph.constant(tensor);
    }

    private Value op(OnnxOp op, Value... inputs) {
        return graph.op(op, inputs);
    }
}
