package dev.quantreel.engines.memory;

/// What ONNX Runtime on the CPU and the Java machine around it take beside weights: every constant of the plan.
/// Measured with `quantreel bench memory` (docs/benchmarks.md); fitted again whenever the engine's settings change.
final class EngineCosts {

    /// Weights from this size on are read where they lie; smaller ones are copied to F32
    /// (`dit.WeightEmitter`, `text.EncoderLinears`).
    static final long STREAMED_FROM = 1 << 20;

    /// Virtual machine, its heap, native libraries.
    static final long PROCESS_BYTES = 200_000_000L;

    /// Sessions of a transformer, for each of its blocks: nodes of the graphs, and what allocators and the heap keep of
    /// their making.
    static final long ENGINE_BYTES_PER_BLOCK = 4_000_000L;

    /// Modulation vectors that one branch holds at once (`dit.StepVectors`).
    static final long VECTORS_BYTES = 256L << 20;

    /// Codes of a text encoder that lie beside their packed form while it is opened (`text.TextEncoder`).
    static final long ENCODER_SECTION_BYTES = 512L << 20;

    /// F32 vectors of the width of a token that live at once in a block beside the feed-forward network: the stream,
    /// its normalised copy, query, key, value, their rotated copies, the sum.
    static final double TOKEN_VECTORS = 8;

    /// F32 vectors of the widest operand of a linear that live at once in full precision: before and after the
    /// activation function, and what the allocator loses between blocks of unequal size.
    static final double WIDE_VECTORS = 3.2;

    /// The same where activations are rotated and rounded: the rotated vector and its codes beside them.
    static final double QUANTIZED_WIDE_VECTORS = 4.2;

    private EngineCosts() {}
}
