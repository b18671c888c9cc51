package dev.quantreel.engines.quant;

/// What happens to the input of a quantized linear, in this order.
///
/// @param meanSplit whether the mean of each token is taken out first and goes past the quantization, exactly:
/// `Y = (X - μ 1) Wᵀ + μ rowsum(W)` with the sums of the weights before they are quantized. Repairs rotations without
/// signs where channels have an offset
/// @param smoothing of its channels, undone by the weights
/// @param rotation of its channels, undone by the weights
/// @param activations how it is quantized on line
public record InputPlan(
        boolean meanSplit, SmoothingPlan smoothing, RotationPlan rotation, ActivationQuantizer activations) {

    /// Without a mean split.
    public InputPlan(SmoothingPlan smoothing, RotationPlan rotation, ActivationQuantizer activations) {
        this(false, smoothing, rotation, activations);
    }

    /// Without smoothing.
    public InputPlan(RotationPlan rotation, ActivationQuantizer activations) {
        this(new SmoothingPlan.None(), rotation, activations);
    }

    /// The same with the mean of each token split off, or not.
    public InputPlan withMeanSplit(boolean split) {
        return new InputPlan(split, smoothing, rotation, activations);
    }

    /// The same with another smoothing.
    public InputPlan with(SmoothingPlan newSmoothing) {
        return new InputPlan(meanSplit, newSmoothing, rotation, activations);
    }

    /// The same with another rotation and quantizer.
    public InputPlan with(RotationPlan newRotation, ActivationQuantizer quantizer) {
        return new InputPlan(meanSplit, smoothing, newRotation, quantizer);
    }

    /// Whether the mean of each token goes past the quantization; not where there is none.
    boolean splitsMean() {
        return meanSplit && !(activations instanceof ActivationQuantizer.FullPrecision);
    }
}
