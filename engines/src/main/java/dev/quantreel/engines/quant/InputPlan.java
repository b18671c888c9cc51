package dev.quantreel.engines.quant;

/// What happens to the input of a quantized linear, in this order.
///
/// @param smoothing of its channels, undone by the weights
/// @param rotation of its channels, undone by the weights
/// @param activations how it is quantized on line
public record InputPlan(SmoothingPlan smoothing, RotationPlan rotation, ActivationQuantizer activations) {

    /// Without smoothing.
    public InputPlan(RotationPlan rotation, ActivationQuantizer activations) {
        this(new SmoothingPlan.None(), rotation, activations);
    }
}
