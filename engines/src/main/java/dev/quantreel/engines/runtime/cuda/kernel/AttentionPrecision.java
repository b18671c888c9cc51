package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;

/// How [FlashAttention] computes.
public enum AttentionPrecision {
    /// Scores and values in BF16 (sm_80 and later): the reference mode, and the baseline of the others.
    BF16("bf16", 2, 2),
    /// Scores of 8-bit queries and smoothed keys, weights and values in BF16 (sm_80 and later).
    S8_BF16("s8_bf16", 1, 2),
    /// Scores of 8-bit queries and smoothed keys, weights and values in FP8 (e4m3), on chips where that is one
    /// instruction.
    S8_E4M3("s8_e4m3", 1, 1);

    private static final int ADA = 89;
    private static final int CONSUMER_BLACKWELL = 120;
    private static final int AMPERE = 80;
    private static final int HOPPER = 90;

    private final String kernel;
    private final int scoreBytes;
    private final int valueBytes;

    AttentionPrecision(String kernel, int scoreBytes, int valueBytes) {
        this.kernel = kernel;
        this.scoreBytes = scoreBytes;
        this.valueBytes = valueBytes;
    }

    /// Whether a chip has the kernels. On sm_100 products of e4m3 by `mma.sync` become products of f16, which are no
    /// faster than bf16, so that there are none; Hopper, where it is the same, has products of warpgroups.
    public boolean runsOn(ComputeCapability capability) {
        int number = capability.number();
        return switch (this) {
            case BF16, S8_BF16 -> number >= AMPERE;
            case S8_E4M3 -> number == ADA || number == HOPPER || number == CONSUMER_BLACKWELL;
        };
    }

    /// Whether a chip computes it by products of warpgroups (`wgmma`).
    public boolean byWarpgroups(ComputeCapability capability) {
        return quantizesScores() && capability.number() == HOPPER;
    }

    /// The fastest that a chip has.
    ///
    /// @throws IllegalArgumentException before Ampere, which has none
    public static AttentionPrecision fastest(ComputeCapability capability) {
        if (S8_E4M3.runsOn(capability)) {
            return S8_E4M3;
        }
        if (S8_BF16.runsOn(capability)) {
            return S8_BF16;
        }
        throw new IllegalArgumentException(
                "attention kernels need compute capability 8.0 or later; this GPU has " + capability);
    }

    /// Middle of the kernel's name.
    String kernel() {
        return kernel;
    }

    /// Bytes of an element of queries and keys.
    int scoreBytes() {
        return scoreBytes;
    }

    /// Bytes of an element of values.
    int valueBytes() {
        return valueBytes;
    }

    /// Whether queries and keys are 8-bit codes.
    public boolean quantizesScores() {
        return this != BF16;
    }

    /// Whether weights and values are FP8.
    public boolean quantizesValues() {
        return this == S8_E4M3;
    }
}
