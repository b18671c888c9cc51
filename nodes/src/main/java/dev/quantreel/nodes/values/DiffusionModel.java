package dev.quantreel.nodes.values;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.nodes.spi.Socket;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// A diffusion transformer and what is asked of it: ComfyUI's `MODEL`. A plan, nothing is computed: nodes refine it in
/// any order, and weights are quantized once, after rotation, when the model is first used.
///
/// @param file the checkpoint
/// @param architecture its family and sizes
/// @param weights how weights are quantized; empty leaves them as they are
/// @param activations how activations are quantized; empty leaves them as they are
/// @param additions what goes with quantized weights and activations whichever node asks for them
/// @param execution what runs it
@Socket("MODEL")
public record DiffusionModel(
        ModelFile file,
        TransformerArchitecture architecture,
        Optional<Weights> weights,
        Optional<Activations> activations,
        Additions additions,
        Execution execution) {

    private static final int NEAR_LOSSLESS_BITS = 8;

    /// A model as its file has it.
    public static DiffusionModel fullPrecision(ModelFile file, TransformerArchitecture architecture) {
        return new DiffusionModel(
                file,
                architecture,
                Optional.empty(),
                Optional.empty(),
                Additions.NONE,
                new Execution(EngineChoice.BEST, Arithmetic.INTEGER));
    }

    /// This model with other weights behind it, such as those with a LoRA.
    public DiffusionModel with(ModelFile newFile) {
        return new DiffusionModel(newFile, architecture, weights, activations, additions, execution);
    }

    /// What is known of the architecture.
    public TransformerFacts facts() {
        return architecture.facts();
    }

    /// @param layers which block linears take part
    public record Weights(WeightPlan plan, LayerRule layers) {
        public Weights(WeightQuantizer quantizer, int bits, LayerRule layers) {
            this(new WeightPlan(quantizer, bits), layers);
        }

        public int bits() {
            return plan.bits();
        }
    }

    /// @param bits used where no bit schedule says otherwise
    public record Activations(InputPlan plan, int bits) {
        public Activations(ActivationQuantizer quantizer, RotationPlan rotation, int bits) {
            this(new InputPlan(rotation, quantizer), bits);
        }
    }

    /// @param arithmetic of the quantized linears
    public record Execution(EngineChoice engine, Arithmetic arithmetic) {}

    /// This model with other weights; replaces earlier ones.
    public DiffusionModel with(Weights newWeights) {
        return new DiffusionModel(file, architecture, Optional.of(newWeights), activations, additions, execution);
    }

    /// This model with other activations; replaces earlier ones.
    public DiffusionModel with(Activations newActivations) {
        return new DiffusionModel(file, architecture, weights, Optional.of(newActivations), additions, execution);
    }

    /// This model with other additions; replaces earlier ones.
    public DiffusionModel with(Additions newAdditions) {
        return new DiffusionModel(file, architecture, weights, activations, newAdditions, execution);
    }

    /// This model with an estimate of the error that its quantization makes.
    ///
    /// @param digest of the branches
    public DiffusionModel withEstimate(LowRankBranches branches, String digest) {
        return with(file.with(
                new ErrorEstimate(file.withoutBranches().digest(), ModelAssembly.planText(this), digest, branches)));
    }

    /// This model on another engine.
    public DiffusionModel with(Execution newExecution) {
        return new DiffusionModel(file, architecture, weights, activations, additions, newExecution);
    }

    /// What to carry out; empty for full precision. Quantized activations need integer weights: where no node asked for
    /// any, the weights get 8 bits (7 under exact block scales), which is close to lossless.
    ///
    /// @throws IllegalArgumentException when the parts do not fit each other
    public Optional<QuantizationPlan> plan() {
        if (weights.isEmpty() && activations.isEmpty()) {
            return Optional.empty();
        }
        Weights w =
                weights.orElseGet(() -> new Weights(new WeightQuantizer.MinMax(), nearLosslessBits(), LayerRule.ALL));
        Activations a = activations.orElse(
                new Activations(new ActivationQuantizer.FullPrecision(), new RotationPlan.None(), NEAR_LOSSLESS_BITS));
        return Optional.of(additions.to(new QuantizationPlan(w.plan(), a.plan(), w.layers())));
    }

    /// Exact block scales leave room for 7 bits.
    private int nearLosslessBits() {
        boolean exact = activations
                .filter(part -> part.plan().activations().multipliesBlocks())
                .isPresent();
        return exact ? NEAR_LOSSLESS_BITS - 1 : NEAR_LOSSLESS_BITS;
    }

    /// Activation bits where no schedule says otherwise.
    public int activationBits() {
        return activations.map(Activations::bits).orElse(NEAR_LOSSLESS_BITS);
    }

    /// Short name of the precision: `full precision`, `W4A8`, `W4A16`; where layers have bits of their own all of them,
    /// `W4/8A8`.
    public String precision() {
        Optional<QuantizationPlan> plan = plan();
        if (plan.isEmpty()) {
            return "full precision";
        }
        Collection<Integer> byLayer = plan.get()
                .layers()
                .bits(architecture.blockLinears(), plan.get().weightBits())
                .values();
        Set<Integer> bits = new TreeSet<>(byLayer.isEmpty() ? Set.of(plan.get().weightBits()) : byLayer);
        return "W" + bits.stream().map(String::valueOf).collect(Collectors.joining("/")) + "A"
                + activations.map(part -> Integer.toString(part.bits())).orElse("16");
    }
}
