package dev.quantreel.engines.quant;

/// What is asked of a quantization, as a value: nothing is computed until [QuantizedWeights#of].
///
/// The order in which a plan is refined does not matter, because weights are quantized after rotation,
/// `Ŵ = BGR(W·H)`, when the plan is carried out. Plans are equal when their parts are; [#toString] is stable and
/// complete, so it can be hashed as the recipe of an artifact.
///
/// @param weights how the grid of a weight row is chosen
/// @param weightBits 2 to 8
/// @param rotation of the input axis of all quantized linears
/// @param activations how inputs are quantized on line
/// @param layers which block linears take part
public record QuantizationPlan(
        WeightQuantizer weights,
        int weightBits,
        RotationPlan rotation,
        ActivationQuantizer activations,
        LayerRule layers) {

    /// The baseline: row-wise MinMax weights, asymmetric MinMax per token, no rotation, 4-bit weights.
    public static final QuantizationPlan MIN_MAX = new QuantizationPlan(
            new WeightQuantizer.MinMax(),
            4,
            new RotationPlan.None(),
            new ActivationQuantizer.TokenAsymmetric(),
            LayerRule.ALL);

    /// DVD-Quant: BGR weights of 4 bits, random-sign Hadamard rotation, ARQ activations.
    public static final QuantizationPlan DVD_QUANT = new QuantizationPlan(
            new WeightQuantizer.Bgr(),
            4,
            new RotationPlan.Hadamard(256, 0),
            new ActivationQuantizer.Auto(),
            LayerRule.ALL);

    public QuantizationPlan {
        if (weightBits < 2 || weightBits > 8) {
            throw new IllegalArgumentException("weight bits is " + weightBits + "; 2 to 8 are accepted");
        }
        if (weightBits == 8 && activations instanceof ActivationQuantizer.BlockExact) {
            throw new IllegalArgumentException(
                    "exact block scales need weights of 7 bits or less, weight bits is 8; use Block instead");
        }
    }

    public QuantizationPlan withWeights(WeightQuantizer quantizer, int bits) {
        return new QuantizationPlan(quantizer, bits, rotation, activations, layers);
    }

    public QuantizationPlan withActivations(RotationPlan newRotation, ActivationQuantizer quantizer) {
        return new QuantizationPlan(weights, weightBits, newRotation, quantizer, layers);
    }

    public QuantizationPlan withLayers(LayerRule rule) {
        return new QuantizationPlan(weights, weightBits, rotation, activations, rule);
    }
}
