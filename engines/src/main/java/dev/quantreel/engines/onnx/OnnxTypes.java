package dev.quantreel.engines.onnx;

import dev.quantreel.engines.tensor.DType;

/// The numbers ONNX gives to element types (`TensorProto.DataType`).
public final class OnnxTypes {

    private OnnxTypes() {}

    /// @throws IllegalArgumentException when ONNX has no such type
    public static int code(DType dtype) {
        return switch (dtype) {
            case F32 -> 1;
            case U8 -> 2;
            case I8 -> 3;
            case U16 -> 4;
            case I16 -> 5;
            case I32 -> 6;
            case I64 -> 7;
            case BOOL -> 9;
            case F16 -> 10;
            case F64 -> 11;
            case U32 -> 12;
            case U64 -> 13;
            case C64 -> 14;
            case BF16 -> 16;
            case F8_E4M3 -> 17;
            case F8_E5M2 -> 19;
            case U4 -> 21;
            case I4 -> 22;
            case F4 -> 23;
            case F8_E8M0 -> 24;
            case F6_E2M3, F6_E3M2 -> throw new IllegalArgumentException("ONNX has no type for " + dtype);
        };
    }

    /// @throws IllegalArgumentException when Quantreel has no such type
    public static DType dtype(int code) {
        for (DType dtype : DType.values()) {
            if (dtype != DType.F6_E2M3 && dtype != DType.F6_E3M2 && code(dtype) == code) {
                return dtype;
            }
        }
        throw new IllegalArgumentException("ONNX element type " + code + " is not supported");
    }
}
