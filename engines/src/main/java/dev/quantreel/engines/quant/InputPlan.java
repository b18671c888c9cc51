package dev.quantreel.engines.quant;

/// What happens to the input of a quantized linear, in this order.
///
/// @param meanSplit whether the mean of each token is taken out first and goes past the quantization, exactly:
/// `Y = (X - μ 1) Wᵀ + μ rowsum(W)` with the sums of the weights before they are quantized. Repairs rotations without
/// signs where channels have an offset
/// @param fusedValues whether the rotation of the inputs of an attention's output linears is moved into the linears of
/// its values ([dev.quantreel.engines.rotation.FusedValues]), so that it costs nothing on line; needs a rotation whose
/// blocks divide a head, and no smoothing. The means of such inputs are not split off
/// @param smoothing of its channels, undone by the weights
/// @param rotation of its channels, undone by the weights
/// @param activations how it is quantized on line
public record InputPlan(
        boolean meanSplit,
        boolean fusedValues,
        SmoothingPlan smoothing,
        RotationPlan rotation,
        ActivationQuantizer activations) {

    public InputPlan {
        boolean smooths = !(smoothing instanceof SmoothingPlan.None);
        if (fusedValues && (rotation instanceof RotationPlan.None || smooths)) {
            throw new IllegalArgumentException("values take over a rotation within heads, of inputs that are not"
                    + " smoothed; the rotation is " + rotation + ", the smoothing " + smoothing);
        }
        boolean turned =
                meanSplit || !(rotation instanceof RotationPlan.None) || smoothing instanceof SmoothingPlan.OfInput;
        if (turned && activations instanceof ActivationQuantizer.GeluAware) {
            throw new IllegalArgumentException("outputs of a GELU are not negative as long as they are neither rotated"
                    + " nor smoothed by themselves nor have their mean split off; the rotation is " + rotation
                    + ", the smoothing " + smoothing + ", the mean split " + meanSplit);
        }
    }

    /// Without a mean split and fused values.
    public InputPlan(SmoothingPlan smoothing, RotationPlan rotation, ActivationQuantizer activations) {
        this(false, false, smoothing, rotation, activations);
    }

    /// Without smoothing.
    public InputPlan(RotationPlan rotation, ActivationQuantizer activations) {
        this(new SmoothingPlan.None(), rotation, activations);
    }

    /// The same with the mean of each token split off, or not.
    public InputPlan withMeanSplit(boolean split) {
        return new InputPlan(split, fusedValues, smoothing, rotation, activations);
    }

    /// The same with the rotation of an attention's result moved into its values, or not.
    public InputPlan withFusedValues(boolean fused) {
        return new InputPlan(meanSplit, fused, smoothing, rotation, activations);
    }

    /// The same with another smoothing.
    public InputPlan with(SmoothingPlan newSmoothing) {
        return new InputPlan(meanSplit, fusedValues, newSmoothing, rotation, activations);
    }

    /// The same with another rotation and quantizer.
    public InputPlan with(RotationPlan newRotation, ActivationQuantizer quantizer) {
        return new InputPlan(meanSplit, fusedValues, smoothing, newRotation, quantizer);
    }

    /// Whether the mean of each token goes past the quantization; not where there is none.
    boolean splitsMean() {
        return meanSplit && !(activations instanceof ActivationQuantizer.FullPrecision);
    }
}
