package dev.quantreel.engines.artifact;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.CodeValues;
import dev.quantreel.engines.quant.PackedMatrix;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/// Where a writer takes quantized layers from: made one at a time, or all there already. For one thread.
interface LayerSource {

    /// Linears of tokens that are quantized.
    List<String> linears();

    /// Linears of modulation vectors that are quantized.
    List<String> modulations();

    /// Names of tensors in the order in which they are made best.
    ///
    /// @param names in the order of the model
    default List<String> inOrder(List<String> names) {
        return names;
    }

    /// Bits of a layer's codes.
    int bits(String layer);

    /// What the grids of a layer will be.
    Grids grids(String layer);

    /// @param values what codes stand for
    /// @param multipliers of no elements where steps are no multiples
    record Grids(
            CodeValues values,
            SafetensorsPlan.Type steps,
            SafetensorsPlan.Type zeroPoints,
            SafetensorsPlan.Type multipliers) {}

    /// Whether channels of a layer's input are divided by factors.
    boolean smoothed(String layer);

    /// Whether the sums of a layer's rows are wanted, for means of tokens that are split off.
    boolean summed(String layer);

    /// What low-rank branches a layer will have.
    List<Branch> branches(String layer);

    /// @param dtype of both matrices
    record Branch(int rank, DType dtype, ArtifactLayer.Branch kind) {}

    /// Whether weights of the source are read for it.
    boolean readsSource();

    /// A layer, quantized.
    ///
    /// @param codes receives the codes; must have room
    Quantized quantize(String layer, MemorySegment codes);

    /// @param branches as promised
    /// @param smoothing factors, where promised
    /// @param rowSums of the weight before anything was done to it, where promised
    record Quantized(
            PackedMatrix matrix,
            List<LowRankBranch> branches,
            Optional<float[]> smoothing,
            Optional<float[]> rowSums) {}
}
