package dev.quantreel.engines.evaluation;

import java.util.List;

/// Bits at which methods are compared.
///
/// @param name for example `W4A8`
/// @param weightBits of weights
/// @param activationBits of activations, on the mean of the steps where they are switched
/// @param isSwitched whether δ-GBS switches between 4 and 8 bits to that mean; otherwise all steps have them
public record Setting(String name, int weightBits, int activationBits, boolean isSwitched) {

    /// The settings of the papers.
    public static final List<Setting> ALL = List.of(
            new Setting("W4A8", 4, 8, false),
            new Setting("W4A6 δ-GBS", 4, 6, true),
            new Setting("W4A6", 4, 6, false),
            new Setting("W4A4", 4, 4, false),
            new Setting("W3A6", 3, 6, false));
}
