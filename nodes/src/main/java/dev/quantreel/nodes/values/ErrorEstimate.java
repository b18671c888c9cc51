package dev.quantreel.nodes.values;

import dev.quantreel.engines.lowrank.LowRankBranches;

/// Branches that estimate what one quantization of one model gets wrong.
///
/// @param model [ModelFile#digest] of the weights that were quantized
/// @param plan the quantization, see [dev.quantreel.engines.quant.QuantizationPlan#toString]
/// @param digest of the branches
/// @param branches to run beside the quantized linears
public record ErrorEstimate(String model, String plan, String digest, LowRankBranches branches) {}
