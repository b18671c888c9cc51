package dev.quantreel.engines.runtime.tensorrt;

import java.util.Optional;

/// What an engine computes in. The label says what the arithmetic is, never what the codes look like: TensorRT has no
/// product of 4-bit activations with 4-bit weights, and none of 4-bit weights with 8-bit activations.
public enum EngineKind {
    /// Weights and activations in 16 bits, the baseline.
    BF16("BF16", 16, 16, "weights and activations in bfloat16; the baseline"),

    /// 4-bit weights in blocks, dequantized before a product in bfloat16.
    INT4_WEIGHTS(
            "W4A16",
            4.25,
            16,
            "4-bit weights in blocks, dequantized to bfloat16 before every product: a quarter of the memory, the"
                    + " speed of bfloat16 at video lengths"),

    /// 8-bit weights and row-normalised 8-bit activations.
    INT8(
            "W8A8",
            8,
            8,
            "8-bit weights; each token is divided by its root mean square and rounded with one constant scale, which"
                    + " TensorRT's INT8 path takes without calibration"),

    /// Codes of 4-bit weights, each in a byte, for the INT8 path.
    W4_AS_INT8(
            "W4A8 carried as int8",
            8,
            8,
            "the codes of 4-bit weights, each in a whole byte, and 8-bit activations: the results of W4A8 with the"
                    + " memory and the speed of W8A8, for TensorRT has no product of 4-bit with 8-bit integers"),

    /// E4M3 weights and activations.
    FP8("FP8", 8, 8, "weights and row-normalised activations in FP8 (E4M3), products in FP8");

    private final String label;
    private final double weightBits;
    private final int activationBits;
    private final String explanation;

    EngineKind(String label, double weightBits, int activationBits, String explanation) {
        this.label = label;
        this.weightBits = weightBits;
        this.activationBits = activationBits;
        this.explanation = explanation;
    }

    /// For people.
    public String label() {
        return label;
    }

    /// Bits that a weight of a quantized linear takes in the engine, with its share of a block's scale.
    public double weightBits() {
        return weightBits;
    }

    /// Bits of the activations that meet these weights.
    public int activationBits() {
        return activationBits;
    }

    /// What it is, in a sentence.
    public String explanation() {
        return explanation;
    }

    /// Why a chip cannot run it; empty where it can.
    public Optional<String> obstacle(Chip chip) {
        int needed =
                switch (this) {
                    case BF16, INT4_WEIGHTS -> 80;
                    case INT8, W4_AS_INT8 -> 75;
                    case FP8 -> 89;
                };
        if (chip.sm() >= needed) {
            return Optional.empty();
        }
        return Optional.of(label + " needs compute capability " + needed / 10 + "." + needed % 10 + " or newer; "
                + chip.name() + " has " + chip.major() + "." + chip.minor());
    }

    /// A chip's peak for these products, dense, in TFLOP/s.
    public double peakTeraflops(ChipRates rates) {
        return switch (this) {
            case BF16, INT4_WEIGHTS -> rates.bf16Teraflops();
            case INT8, W4_AS_INT8 -> rates.int8Teraflops();
            case FP8 -> rates.fp8Teraflops();
        };
    }

    @Override
    public String toString() {
        return label;
    }
}
