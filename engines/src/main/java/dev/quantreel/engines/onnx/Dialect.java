package dev.quantreel.engines.onnx;

/// Which operators a graph may use.
public enum Dialect {
    /// Standard ONNX plus the fused operators of ONNX Runtime (attention, rotary embedding, RMSNorm).
    ONNX_RUNTIME,
    /// Standard ONNX only, for export to other tools; attention takes as many queries at a time as memory allows.
    STANDARD,
    /// Standard ONNX in the patterns that TensorRT fuses: attention is two products and a softmax between them, without
    /// a loop, and is never computed part by part.
    TENSOR_RT
}
