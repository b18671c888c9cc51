package dev.quantreel.engines.onnx;

/// Which operators a graph may use.
public enum Dialect {
    /// Standard ONNX plus the fused operators of ONNX Runtime (attention, rotary embedding, RMSNorm).
    ONNX_RUNTIME,
    /// Standard ONNX only, for export to other tools.
    STANDARD
}
