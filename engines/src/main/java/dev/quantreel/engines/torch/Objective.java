package dev.quantreel.engines.torch;

import java.util.Optional;

/// What a block is trained for, Q-VDiT's equation 19: `‖S − S'‖² / ‖S‖² + γ Σ_i KL(D_i ‖ D'_i)`, where S is what the
/// block puts out in full precision and `D_i` says how much frame i is like each frame, see
/// [dev.quantreel.engines.metrics.TemporalDistribution].
///
/// The squared error is that of the paper's code up to the power of S, which differs from block to block.
///
/// @param temporalWeight γ; 0 leaves the second term out
/// @param clip output that holds the tokens of a clip, frame after frame, `[1, tokens, dim]`; empty where none does
public record Objective(double temporalWeight, Optional<Clip> clip) {

    /// @param output name
    /// @param frames of equally many tokens each
    public record Clip(String output, int frames) {}

    public Objective {
        if (!(temporalWeight >= 0) || Double.isInfinite(temporalWeight)) {
            throw new IllegalArgumentException(
                    "the weight of the temporal loss is " + temporalWeight + "; 0 and more is accepted");
        }
    }
}
