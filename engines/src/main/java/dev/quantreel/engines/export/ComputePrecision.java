package dev.quantreel.engines.export;

import dev.quantreel.engines.tensor.DType;

/// The type in which a typed graph multiplies: linears, attention, convolutions. Norms, residuals, modulation
/// and the scales of activations stay F32 in all of them.
public enum ComputePrecision {
    /// What ONNX Runtime's CPU runs; for tests and as a reference.
    FP32(DType.F32),
    /// 11 bits of mantissa, largest value 65,504: activations of some models exceed it.
    FP16(DType.F16),
    /// 8 bits of mantissa, the range of F32: the usual choice for video transformers.
    BF16(DType.BF16);

    private final DType dtype;

    ComputePrecision(DType dtype) {
        this.dtype = dtype;
    }

    public DType dtype() {
        return dtype;
    }

    /// The nearest value of this type, ties to even.
    float rounded(float value) {
        return switch (this) {
            case FP32 -> value;
            case FP16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            case BF16 -> {
                int bits = Float.floatToRawIntBits(value);
                yield Float.intBitsToFloat((bits + 0x7FFF + (bits >>> 16 & 1)) & 0xFFFF0000);
            }
        };
    }
}
