package dev.quantreel.engines.quant;

import java.util.function.IntUnaryOperator;

/// What is asked of a quantization, as a value: nothing is computed until [QuantizedWeights#of].
///
/// The order in which a plan is refined does not matter, because weights are quantized after smoothing and rotation,
/// `Ŵ = BGR(W·s·H)`, when the plan is carried out. Plans are equal when their parts are; [#toString] is stable and
/// complete, so it can be hashed as the recipe of an artifact.
///
/// @param weight how weights are quantized
/// @param input what happens to the inputs of the quantized linears
/// @param layers which block linears take part
public record QuantizationPlan(WeightPlan weight, InputPlan input, LayerRule layers) {

    /// The baseline: row-wise MinMax weights, asymmetric MinMax per token, no rotation, 4-bit weights.
    public static final QuantizationPlan MIN_MAX = new QuantizationPlan(
            new WeightPlan(new WeightQuantizer.MinMax(), 4),
            new InputPlan(new RotationPlan.None(), new ActivationQuantizer.TokenAsymmetric()),
            LayerRule.ALL);

    /// DVD-Quant: BGR weights of 4 bits, random-sign Hadamard rotation, ARQ activations.
    public static final QuantizationPlan DVD_QUANT = new QuantizationPlan(
            new WeightPlan(new WeightQuantizer.Bgr(), 4),
            new InputPlan(new RotationPlan.Hadamard(256, 0), new ActivationQuantizer.Auto()),
            LayerRule.ALL);

    public QuantizationPlan {
        boolean eight = weight.bits() == 8 || layers.mentions(8);
        if (eight && input.activations().multipliesBlocks()) {
            throw new IllegalArgumentException(
                    "exact block scales need weights of 7 bits or less, weight bits is 8 (of all layers, or by a layer rule); use Block instead");
        }
        boolean plainRows = weight.quantizer() instanceof WeightQuantizer.MinMax
                && weight.granularity() instanceof Granularity.PerRow
                && weight.branch() instanceof BranchPlan.None;
        if (input.smoothing() instanceof SmoothingPlan.OfInput && !plainRows) {
            throw new IllegalArgumentException("smoothing by the very input rounds weights anew at every step: MinMax"
                    + " on whole rows without a branch is accepted; planned are " + weight.quantizer() + ", "
                    + weight.granularity() + ", " + weight.branch());
        }
    }

    public WeightQuantizer weights() {
        return weight.quantizer();
    }

    public int weightBits() {
        return weight.bits();
    }

    public BranchPlan branch() {
        return weight.branch();
    }

    public StatisticsPlan statistics() {
        return weight.statistics();
    }

    /// Whether the mean of each token goes past the quantization, see [InputPlan].
    public boolean splitsMean() {
        return input.splitsMean();
    }

    public SmoothingPlan smoothing() {
        return input.smoothing();
    }

    public RotationPlan rotation() {
        return input.rotation();
    }

    public ActivationQuantizer activations() {
        return input.activations();
    }

    public QuantizationPlan withWeights(WeightQuantizer quantizer, int bits) {
        return withWeights(weight.with(quantizer, bits));
    }

    public QuantizationPlan withWeights(WeightPlan newWeight) {
        return new QuantizationPlan(newWeight, input, layers);
    }

    public QuantizationPlan withActivations(RotationPlan rotation, ActivationQuantizer quantizer) {
        return withInputs(input.with(rotation, quantizer));
    }

    public QuantizationPlan withInputs(InputPlan newInput) {
        return new QuantizationPlan(weight, newInput, layers);
    }

    /// The same grids for weights whose inputs stay as they are: no error feedback, no branch, no smoothing, no
    /// rotation.
    public QuantizationPlan weightOnly() {
        return new QuantizationPlan(
                new WeightPlan(weight.quantizer().grids(), weight.bits(), weight.granularity()),
                new InputPlan(new RotationPlan.None(), new ActivationQuantizer.FullPrecision()),
                layers);
    }

    /// What is done to linears that make modulation vectors: [#weightOnly] with bits of their own.
    ///
    /// Lloyd-Max rows have a limit of bits; beyond it the grids are BGR's.
    ///
    /// @param modulationBits theirs where no rule names them, by the bits of the plan
    public QuantizationPlan ofModulations(IntUnaryOperator modulationBits) {
        int bits = modulationBits.applyAsInt(weight.bits());
        WeightPlan own = weightOnly().weight;
        boolean beyond = own.quantizer() instanceof WeightQuantizer.LloydMaxRows && bits > LloydMax.LARGEST_BITS;
        WeightPlan fitting = beyond ? own.with(new WeightQuantizer.Bgr(), own.bits()) : own;
        return weightOnly().withWeights(fitting.withBits(bits));
    }

    public QuantizationPlan withLayers(LayerRule rule) {
        return new QuantizationPlan(weight, input, rule);
    }
}
