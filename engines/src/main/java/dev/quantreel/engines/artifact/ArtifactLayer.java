package dev.quantreel.engines.artifact;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.quant.CodeValues;
import java.util.ArrayList;
import java.util.List;

/// A quantized linear of an artifact, as the header describes it. Its tensors, all little endian:
///
/// | name | type | shape | what |
/// |---|---|---|---|
/// | `<layer>.weight.codes` | U8 | `[out, ceil(in / 2)]` up to 4 bits, else `[out, in]` | low nibble: even column |
/// | `<layer>.weight.steps` | F32 or BF16 | `[out]` or `[out, groups]` | distance of two values |
/// | `<layer>.weight.zero_points` | U8 | `[out]` or `[out, groups]` | the code of 0 |
/// | `<layer>.weight.multipliers` | U8 | `[out, groups]` | only where the steps of groups are multiples of the row's |
/// | `<layer>.weight.figures` | F64 | `[9]` | [dev.quantreel.engines.quant.QuantizationError], component by component |
/// | `<layer>.smoothing` | F32 | `[in]` | only where channels of the input are divided by it |
/// | `<layer>.row_sums` | F32 | `[out]` | only where means of tokens are split off: sums of the original weight |
/// | `<layer>.branch.<n>.down`, `.up` | F16 or BF16 | `[rank, in]`, `[out, rank]` | a low-rank branch |
/// | `<layer>.branch.<n>.factor` | F32 | `[1]` | its factor |
/// | `<layer>.branch.<n>.frames` | F32 | `[frames]` | only where it counts differently from frame to frame |
///
/// A weight is `step * multiplier * level`, its level `code - zeroPoint` unless the header says otherwise
/// ([dev.quantreel.engines.quant.CodeValues]), in the basis of the recipe's smoothing and rotation; those of
/// modulations
/// are neither smoothed nor rotated.
///
/// @param name canonical name without `.weight`
/// @param columns channels that it reads
/// @param bits of a code
/// @param values what a code stands for
/// @param multiplied whether the steps of groups are multiples
/// @param smoothed whether channels of its input are divided by factors that the weight was multiplied with
/// @param summed whether the sums of the original weight's rows are there
/// @param modulation whether it makes modulation vectors
/// @param branches what runs beside it
public record ArtifactLayer(
        String name,
        int columns,
        int bits,
        CodeValues values,
        boolean multiplied,
        boolean smoothed,
        boolean summed,
        boolean modulation,
        List<Branch> branches) {

    static final String WEIGHT = ".weight";

    /// A low-rank branch.
    ///
    /// @param frames of its [dev.quantreel.engines.lowrank.FrameFactors]; 0 where all tokens count alike
    public record Branch(LowRankBranch.Basis basis, int frames) {}

    public ArtifactLayer {
        branches = List.copyOf(branches);
    }

    String weight() {
        return name + WEIGHT;
    }

    String codes() {
        return weight() + ".codes";
    }

    String steps() {
        return weight() + ".steps";
    }

    String zeroPoints() {
        return weight() + ".zero_points";
    }

    String multipliers() {
        return weight() + ".multipliers";
    }

    String figures() {
        return weight() + ".figures";
    }

    /// Every tensor of the layer, in the order in which they are written.
    List<String> tensors() {
        List<String> names = new ArrayList<>(List.of(codes(), steps(), zeroPoints()));
        if (multiplied) {
            names.add(multipliers());
        }
        names.add(figures());
        if (smoothed) {
            names.add(smoothing());
        }
        if (summed) {
            names.add(rowSums());
        }
        for (int i = 0; i < branches.size(); i++) {
            names.addAll(List.of(down(i), up(i), factor(i)));
            if (branches.get(i).frames > 0) {
                names.add(frames(i));
            }
        }
        return names;
    }

    String smoothing() {
        return name + ".smoothing";
    }

    String rowSums() {
        return name + ".row_sums";
    }

    String down(int branch) {
        return name + ".branch." + branch + ".down";
    }

    String up(int branch) {
        return name + ".branch." + branch + ".up";
    }

    String factor(int branch) {
        return name + ".branch." + branch + ".factor";
    }

    String frames(int branch) {
        return name + ".branch." + branch + ".frames";
    }
}
