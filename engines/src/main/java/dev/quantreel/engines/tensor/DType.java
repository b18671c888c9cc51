package dev.quantreel.engines.tensor;

/// Element types, spelled as safetensors spells them. `I4` and `U4` are ONNX's packed nibbles and never occur in a
/// file header.
public enum DType {
    BOOL(8),
    U8(8),
    I8(8),
    F8_E4M3(8),
    F8_E5M2(8),
    F8_E8M0(8),
    F4(4),
    F6_E2M3(6),
    F6_E3M2(6),
    I16(16),
    U16(16),
    F16(16),
    BF16(16),
    I32(32),
    U32(32),
    F32(32),
    C64(64),
    F64(64),
    I64(64),
    U64(64),
    I4(4),
    U4(4);

    private final int bits;

    DType(int bits) {
        this.bits = bits;
    }

    /// Size of one element in bits; sub-byte elements are packed without gaps.
    public int bits() {
        return bits;
    }

    /// Bytes that `elements` packed elements occupy, rounded up to a whole byte.
    ///
    /// @throws ArithmeticException when the size overflows a long
    public long byteSize(long elements) {
        return Math.ceilDiv(Math.multiplyExact(elements, (long) bits), 8L);
    }
}
