package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.JointPass;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.memory.MemoryPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.sampling.Guidance;
import dev.quantreel.engines.sampling.Guidance.Passes;
import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import java.util.List;
import java.util.Optional;

/// Whether the branches of guidance run in one pass or one after the other.
///
/// @param in what the user asked for
/// @param context tells the user what was chosen
/// @param fits whether one pass fits into memory
record PassChoice(SampleVideo.Inputs in, NodeContext context, boolean fits) {

    static final String AUTO = "auto";
    static final String BATCHED = "batched";
    static final String SERIAL = "serial";

    /// Up to here one pass takes less time, because weights are read and unpacked once (docs/benchmarks.md); with more
    /// tokens the products themselves decide, and one pass only takes more memory.
    private static final long GAINS_UP_TO_TOKENS = 256;

    private static final String PORT = "guidancePasses";
    private static final List<String> NAMES = List.of(AUTO, SERIAL, BATCHED);

    /// Names on offer.
    static final class Options implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return NAMES;
        }
    }

    /// What was asked for.
    ///
    /// @throws NodeInputException when the name is not known
    static String name(SampleVideo.Inputs in) {
        if (!NAMES.contains(in.guidancePasses())) {
            throw new NodeInputException(
                    PORT, "is '" + in.guidancePasses() + "'; accepted are " + String.join(", ", NAMES));
        }
        return in.guidancePasses();
    }

    /// The guidance of one model.
    ///
    /// @param cfg strength of its guidance
    /// @throws NodeInputException when one pass was asked for and cannot be
    Guidance guidance(DiffusionModel model, double cfg, BranchConditioning positive, BranchConditioning negative) {
        if (cfg == 1 || in.guidancePasses().equals(SERIAL)) {
            return Guidance.serial(cfg);
        }
        Optional<String> obstacle = new JointPass(
                        model.architecture(), model.plan().map(QuantizationPlan::activations))
                .obstacle(positive, negative);
        if (in.guidancePasses().equals(BATCHED)) {
            obstacle.ifPresent(reason -> {
                throw new NodeInputException(PORT, "is batched, but " + reason + "; accepted are serial and auto");
            });
            return new Guidance(cfg, Passes.BATCHED);
        }
        Optional<String> against = obstacle.or(() -> uneconomic(model));
        context.status("guidance of " + model.file().name()
                + against.map(reason -> ": one branch after the other, because " + reason)
                        .orElse(": both branches in one pass"));
        return new Guidance(cfg, against.isEmpty() ? Passes.BATCHED : Passes.SERIAL);
    }

    private Optional<String> uneconomic(DiffusionModel model) {
        long tokens = MemoryPlan.tokens(model.facts(), LatentSize.of(in.latent().samples()));
        if (tokens > GAINS_UP_TO_TOKENS) {
            return Optional.of("one pass saves no time at " + tokens + " tokens");
        }
        return fits ? Optional.empty() : Optional.of("one pass would not fit into memory");
    }
}
