package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;

/// Emits smoothing: by factors that are known, or by those of the very input, with weights that are multiplied with
/// them and rounded at every run, as [dev.quantreel.engines.quant.LinearSmoothedByInput] specifies it.
record SmoothingEmitter(OnnxGraphBuilder graph) {

    /// Every channel divided by its factor.
    ///
    /// @param x F32 `[batch, tokens, channels]`
    Value known(Value x, float[] factors) {
        float[] inverses = new float[factors.length];
        for (int i = 0; i < inverses.length; i++) {
            inverses[i] = 1 / factors[i];
        }
        return graph.op(OnnxOp.Mul, x, channels(inverses));
    }

    /// `max(a^alpha / w^(1 - alpha), floor)` with the largest magnitude `a` of each channel among the tokens.
    ///
    /// @param x F32 `[batch, tokens, channels]`
    /// @param largest magnitudes of the columns of all weights that read it
    /// @return F32 `[batch, 1, channels]`
    Value ofInput(Value x, float[] largest, double alpha) {
        float[] divisors = new float[largest.length];
        for (int j = 0; j < divisors.length; j++) {
            divisors[j] = (float) Math.pow(Math.max(largest[j], SmoothingPlan.FLOOR), 1 - alpha);
        }
        Value floor = graph.constant(SmoothingPlan.FLOOR);
        Value loudest = graph.op(OnnxOp.Max, range(OnnxOp.ReduceMax, graph.op(OnnxOp.Abs, x), -2), floor);
        Value strength = graph.op(OnnxOp.Pow, loudest, graph.constant((float) alpha));
        return graph.op(OnnxOp.Max, graph.op(OnnxOp.Div, strength, channels(divisors)), floor);
    }

    /// Multiplied, rotated, and every row rounded to the nearest of `2^bits` values over its range.
    ///
    /// @param weight F32 `[out, in]`
    /// @param factors F32 `[batch, 1, in]`
    /// @return F32 `[batch, in, out]`
    Value rounded(Value weight, Value factors, Optional<Rotation> rotation, int bits) {
        Value scaled = graph.op(OnnxOp.Mul, weight, factors);
        Value rows = rotation.map(own -> own.emit(graph, scaled)).orElse(scaled);
        Value zero = graph.constant(0f);
        Value maxCode = graph.constant((1 << bits) - 1);
        Value low = graph.op(OnnxOp.Min, range(OnnxOp.ReduceMin, rows, -1), zero);
        Value high = graph.op(OnnxOp.Max, range(OnnxOp.ReduceMax, rows, -1), zero);
        Value step = graph.op(
                OnnxOp.Max,
                graph.op(OnnxOp.Div, graph.op(OnnxOp.Sub, high, low), maxCode),
                graph.constant(Float.MIN_NORMAL));
        Value zeroPoint = graph.op(OnnxOp.Round, graph.op(OnnxOp.Neg, graph.op(OnnxOp.Div, low, step)));
        Value codes = graph.op(OnnxOp.Add, graph.op(OnnxOp.Round, graph.op(OnnxOp.Div, rows, step)), zeroPoint);
        Value clipped = graph.op(OnnxOp.Clip, codes, zero, maxCode);
        Value values = graph.op(OnnxOp.Mul, graph.op(OnnxOp.Sub, clipped, zeroPoint), step);
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 1), values);
    }

    private Value range(OnnxOp op, Value x, int axis) {
        return graph.op(op, Attributes.of("keepdims", 1), x, graph.longs(axis));
    }

    private Value channels(float[] values) {
        return graph.constant(Tensor.of(Shape.of(values.length), values));
    }
}
