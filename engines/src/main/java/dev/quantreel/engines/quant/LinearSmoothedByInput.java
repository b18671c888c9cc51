package dev.quantreel.engines.quant;

import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Checkpoint;
import java.util.List;
import java.util.Optional;

/// Linears with [SmoothingPlan.OfInput] in plain Java: the specification that engines' graphs must equal, up to codes
/// that lie between two values.
///
/// @param checkpoint weights `[out, in]`
/// @param layers all that read the input
/// @param plan smoothing by the very input
public record LinearSmoothedByInput(Checkpoint checkpoint, List<String> layers, QuantizationPlan plan) {

    /// What the channels of an input are divided by.
    ///
    /// @throws IllegalArgumentException when the plan smooths otherwise
    public float[] factors(ActivationMatrix x) {
        if (!(plan.smoothing() instanceof SmoothingPlan.OfInput(double alpha))) {
            throw new IllegalArgumentException(
                    "the smoothing is " + plan.smoothing() + "; accepted is that of the input");
        }
        float[] loudest = new float[x.channels()];
        for (int i = 0; i < x.tokens(); i++) {
            for (int j = 0; j < loudest.length; j++) {
                loudest[j] = Math.max(loudest[j], Math.abs(x.at(i, j)));
            }
        }
        return InputSmoothing.factors(loudest, InputSmoothing.largestOfColumns(checkpoint, layers), alpha);
    }

    /// @param layer one of the readers
    /// @param bits of the activations
    /// @return `[tokens, out]`, row after row, without the bias
    public float[] apply(ActivationMatrix x, String layer, int bits) {
        float[] factors = factors(x);
        Optional<Rotation> rotation = plan.rotation().at(x.channels());
        WeightMatrix scaled =
                WeightMatrix.of(layer, checkpoint.tensor(layer + ".weight")).scaled(factors);
        QuantizedMatrix rounded = QuantizedMatrix.of(
                rotation.map(scaled::rotated).orElse(scaled), plan.weight(), new RowTasks(1, CancellationToken.NONE));
        ActivationMatrix smoothed = x.dividedBy(factors);
        ActivationMatrix met = rotation.map(smoothed::rotated).orElse(smoothed);
        return ReferenceLinear.of(rounded).apply(QuantizedActivation.of(met, plan.activations(), bits));
    }
}
