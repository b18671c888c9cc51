package dev.quantreel.engines.export;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.rotation.Rotation;
import java.util.Optional;

/// What a token is divided by before it meets a constant scale: per-token quantization in a form that knows
/// constant scales alone (the row-normalised static scale).
///
/// The native engines quantize with `s = range * clip / 127`, codes `rint(x / s)`. Here a token is divided by
/// `128 s`, an exact multiple, and quantized with the constant scale `1 / 128`: the codes are the same, all
/// values lie within `[-1, 1]`, and both constants are exact in every float type.
sealed interface RowScale {

    /// 8-bit codes as the native engines have them.
    float MAX_CODE = 127;

    /// The constant scale of INT8.
    float INT8_SCALE = 1f / 128;

    /// The constant scale of E4M3: 1 becomes 256 of at most 448.
    float FP8_SCALE = 1f / 256;

    /// A divisor for tokens of zeros.
    float TINY = 1e-30f;

    /// The largest magnitude of the token: nothing is clipped, so inputs need no rotation.
    record AbsMax() implements RowScale {}

    /// So many root mean squares: for rotated tokens, whose entries are close to normal.
    ///
    /// @param span k, beyond which values are clipped
    record Rms(float span) implements RowScale {}

    /// The scale that stands for a plan's quantizer at 8 bits.
    ///
    /// @param rotation of the input
    static RowScale of(ActivationQuantizer quantizer, Optional<Rotation> rotation) {
        return switch (quantizer.resolve(8).usual()) {
            case ActivationQuantizer.RowNormalized(ClipRatios span) when rotation.isPresent() -> new Rms(span.at(8));
            default -> new AbsMax();
        };
    }

    /// Whether the native codes of the plan's quantizer at 8 bits are the same.
    static boolean isNative(ActivationQuantizer quantizer, Optional<Rotation> rotation) {
        return switch (quantizer.resolve(8).usual()) {
            case ActivationQuantizer.RowNormalized _ -> rotation.isPresent();
            case ActivationQuantizer.Token(ClipRatios clip) -> clip.at(8) == 1;
            case ActivationQuantizer.Block(int _, ClipRatios clip) -> clip.at(8) == 1;
            case ActivationQuantizer.DualScale(ClipRatios clip) -> clip.at(8) == 1;
            default -> false;
        };
    }

    /// F32 `[batch, tokens, 1]`: what the token is divided by.
    ///
    /// @param x F32 `[batch, tokens, channels]`
    /// @param codes value of the largest code in units of the constant scale's inverse: `127 / 128` for INT8, 1
    /// for FP8
    default Value emit(OnnxGraphBuilder graph, Value x, float codes) {
        Value range =
                switch (this) {
                    case AbsMax() -> reduced(graph, OnnxOp.ReduceMax, graph.op(OnnxOp.Abs, x));
                    case Rms(float span) -> {
                        Value mean = reduced(graph, OnnxOp.ReduceMean, graph.op(OnnxOp.Mul, x, x));
                        yield graph.op(OnnxOp.Mul, graph.op(OnnxOp.Sqrt, mean), graph.constant(span));
                    }
                };
        Value scaled = graph.op(OnnxOp.Div, range, graph.constant(codes));
        return graph.op(OnnxOp.Max, scaled, graph.constant(TINY));
    }

    private static Value reduced(OnnxGraphBuilder graph, OnnxOp op, Value x) {
        return graph.op(op, Attributes.of("keepdims", 1), x, graph.longs(-1));
    }
}
