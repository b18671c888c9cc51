package dev.quantreel.nodes.values;

import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import java.util.Optional;

/// What goes with the quantization of a [DiffusionModel] whichever nodes ask for weights and activations, before or
/// after.
///
/// @param calibration where statistics come from, for methods that need them
/// @param branch what is taken out of the weights
/// @param smoothing of the inputs
public record Additions(Optional<Calibration> calibration, BranchPlan branch, SmoothingPlan smoothing) {

    /// Nothing.
    public static final Additions NONE =
            new Additions(Optional.empty(), new BranchPlan.None(), new SmoothingPlan.None());

    /// The same with statistics.
    public Additions with(Calibration newCalibration) {
        return new Additions(Optional.of(newCalibration), branch, smoothing);
    }

    /// The same with a branch.
    public Additions with(BranchPlan newBranch) {
        return new Additions(calibration, newBranch, smoothing);
    }

    /// The same with smoothing.
    public Additions with(SmoothingPlan newSmoothing) {
        return new Additions(calibration, branch, newSmoothing);
    }

    QuantizationPlan to(QuantizationPlan plan) {
        InputPlan input = plan.input().with(smoothing);
        boolean needed = plan.weights().needsStatistics() || smoothing.needsStatistics();
        QuantizationPlan added =
                plan.withInputs(input).withWeights(plan.weight().with(branch));
        return calibration
                .filter(known -> needed)
                .map(known -> added.withWeights(added.weight().with(known.plan())))
                .orElse(added);
    }

    /// What tells statistics apart beyond their plan; empty where the plan needs none.
    String calibrationKey(QuantizationPlan plan) {
        boolean needed = plan.weights().needsStatistics() || plan.smoothing().needsStatistics();
        return calibration.filter(known -> needed).map(Calibration::key).orElse("");
    }
}
