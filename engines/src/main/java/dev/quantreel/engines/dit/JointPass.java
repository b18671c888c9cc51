package dev.quantreel.engines.dit;

import dev.quantreel.engines.quant.ActivationQuantizer;
import java.util.Optional;

/// Whether the two branches of guidance can run through the blocks in one pass.
///
/// @param architecture of the transformer
/// @param activations how the inputs of its linears are quantized; empty where they are not
public record JointPass(TransformerArchitecture architecture, Optional<ActivationQuantizer> activations) {

    /// Why they cannot; empty where they can.
    public Optional<String> obstacle(BranchConditioning conditional, BranchConditioning unconditional) {
        if (knownFrames(conditional) != knownFrames(unconditional)) {
            return Optional.of("the conditional branch starts from " + knownFrames(conditional)
                    + " given frames and the unconditional one from " + knownFrames(unconditional)
                    + ", so that their tokens have different timesteps");
        }
        int text = architecture.textInBlocks(conditional);
        int other = architecture.textInBlocks(unconditional);
        if (text != other
                && activations.filter(ActivationQuantizer::averagesTokens).isPresent()) {
            return Optional.of("the text of " + architecture.facts().variant() + " runs through the blocks, the prompts"
                    + " have " + text + " and " + other + " tokens, and the activation quantizer takes means over all"
                    + " tokens, which filling up the shorter prompt would move");
        }
        return Optional.empty();
    }

    private static int knownFrames(BranchConditioning conditioning) {
        return conditioning.image().map(BranchConditioning.Image::knownFrames).orElse(0);
    }
}
