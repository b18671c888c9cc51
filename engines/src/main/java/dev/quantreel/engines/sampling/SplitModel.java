package dev.quantreel.engines.sampling;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A diffusion transformer, bound to its text conditioning, cut where step caches and bit switching need to look:
/// prelude (patch embedding and timestep embedding), trunk (all blocks) and head. Not thread-safe.
public interface SplitModel {

    /// Says, before a generation begins, which timesteps it has: some models read the next one beside their own, and
    /// what follows from the time alone can be computed beforehand.
    ///
    /// @param timesteps of all steps, without the end
    /// @param own those that this model will be asked for; it may be asked for others, which takes longer
    default void schedule(List<Float> timesteps, List<Float> own) {}

    /// Says the timesteps of a generation that this model runs alone.
    default void schedule(List<Float> timesteps) {
        schedule(timesteps, timesteps);
    }

    /// Patchifies and embeds.
    ///
    /// @param latent F32 `[1, channels, frames, height, width]`
    /// @param timestep the model's time input, 1000 * sigma for flow-matching models
    /// @param branch whose conditioning the prelude reads, where it reads any
    Prelude prelude(Tensor latent, float timestep, Branch branch, CancellationToken cancellation);

    /// Runs all blocks.
    ///
    /// @param activationBits bits of the quantized linears' activations, 4, 6 or 8; ignored in full precision
    /// @return F32 tokens `[1, tokens, dim]`
    Tensor trunk(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation);

    /// Running all blocks for both branches in one pass.
    default Ability<JointTrunk> jointTrunk() {
        return Ability.missing("this model runs one branch at a time");
    }

    /// Running the first block alone, and the others later or not at all.
    default Ability<CutTrunk> cutTrunk() {
        return Ability.missing("this model runs all blocks at once");
    }

    /// Running each block at activation bits of its own.
    default Ability<BlockwiseTrunk> blockwiseTrunk() {
        return Ability.missing("the blocks of this model have the same activation bits");
    }

    /// All blocks for both branches.
    interface JointTrunk {

        /// @param conditional prelude of the conditional branch
        /// @param unconditional prelude of the other; the same value where the prelude serves both
        /// @return what [#trunk] gives for each
        Both run(Prelude conditional, Prelude unconditional, int activationBits, CancellationToken cancellation);
    }

    /// The blocks in two parts.
    interface CutTrunk {

        /// Runs the first block alone.
        FirstBlock first(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation);

        /// Runs the blocks after the first.
        ///
        /// @param first what [#first] gave
        /// @return what [#trunk] gives
        Tensor later(FirstBlock first, int activationBits, CancellationToken cancellation);
    }

    /// All blocks, each at activation bits of its own. Keys and values of the prompt have 8 bits.
    interface BlockwiseTrunk {

        /// Names of the blocks in the order they run.
        List<String> blocks();

        /// @param bits by block, as [#blocks]
        /// @throws IllegalArgumentException when there are bits for fewer or more blocks
        Blockwise run(Prelude prelude, Branch branch, List<Integer> bits, CancellationToken cancellation);
    }

    /// What the first block put out.
    ///
    /// @param tokens F32 `[1, tokens, dim]`
    /// @param rest what the later blocks read besides, by name; the model's own affair
    record FirstBlock(Tensor tokens, Map<String, Tensor> rest) {
        public FirstBlock {
            rest = Map.copyOf(rest);
        }
    }

    /// What blocks at bits of their own put out.
    ///
    /// @param tokens F32 `[1, tokens, dim]`
    /// @param contributions by block: what it added to some of the tokens, spread evenly, F32 `[1, some, dim]`
    record Blockwise(Tensor tokens, List<Tensor> contributions) {
        public Blockwise {
            contributions = List.copyOf(contributions);
        }
    }

    /// Tokens of both branches, F32 `[1, tokens, dim]` each.
    record Both(Tensor conditional, Tensor unconditional) {}

    /// Says that a prelude has served its step, so that what an engine holds of it need not be kept.
    ///
    /// @param kept names of outputs that are read on
    default void forget(Prelude prelude, Set<String> kept) {}

    /// Projects tokens back.
    ///
    /// @return the model output (flow velocity, noise - x0, for flow models), F32, shaped as the latent
    Tensor head(Prelude prelude, Tensor tokens, CancellationToken cancellation);

    /// Which conditioning a pass of classifier-free guidance uses.
    enum Branch {
        CONDITIONAL,
        UNCONDITIONAL
    }

    /// What the prelude computed at one step.
    ///
    /// @param timestep that it was asked for
    /// @param tokens F32 `[1, tokens, dim]`, the input of block 0
    /// @param outputs everything the prelude put out, by name: `tokens`, and what the family has of
    /// `time_embedding` ("e" in Wan's code), `time_projection` ("e0") and `modulated_input`, the signals that
    /// step caches watch
    /// @param frames latent frames
    /// @param height latent rows
    /// @param width latent columns
    record Prelude(float timestep, Tensor tokens, Map<String, Tensor> outputs, int frames, int height, int width) {
        public Prelude {
            outputs = Map.copyOf(outputs);
        }
    }
}
