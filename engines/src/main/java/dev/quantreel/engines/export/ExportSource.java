package dev.quantreel.engines.export;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.QuantizedWeights;
import java.util.Optional;

/// What is exported.
///
/// @param checkpoint the model under canonical names
/// @param quantized its plan carried out; empty for full precision
/// @param beside low-rank branches that are not of the plan, such as LoRAs
/// @param isOriginal whether the checkpoint holds the weights that were quantized, rather than codes: weights
/// can then be rounded anew from full precision
public record ExportSource(
        TransformerCheckpoint checkpoint,
        Optional<QuantizedWeights> quantized,
        LowRankBranches beside,
        boolean isOriginal) {}
