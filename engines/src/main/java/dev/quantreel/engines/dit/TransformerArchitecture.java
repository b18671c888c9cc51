package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.rotation.ValuePath;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/// The architecture of one diffusion transformer: its sizes, its tensors and its graphs. A value: equal sizes are equal
/// architectures.
///
/// What the graphs read is found by input name in a pool: the inputs of this interface, then the outputs of the graphs
/// that ran before (text, prelude). A graph takes from the pool what it declares.
public interface TransformerArchitecture {

    /// What others need to know about it.
    TransformerFacts facts();

    /// Every tensor by canonical name with its shape, in the order of the forward pass.
    SequencedMap<String, Shape> shapes();

    /// The linears a quantization may take part in, in the order they run: canonical weight names without `.weight`.
    /// Exactly those that the graphs emit through [LinearLayers].
    List<String> blockLinears();

    /// Linears that make modulation vectors of blocks out of one row a step, as names in [#blockLinears]: their
    /// weights may be quantized, their inputs stay in floating point. Exactly those that the graphs emit through
    /// [LinearLayers#modulation].
    default List<String> modulationLinears() {
        return List.of();
    }

    /// Bits of [#modulationLinears] where no rule of a plan names them.
    ///
    /// @param weightBits those of the plan
    default int modulationBits(int weightBits) {
        return weightBits;
    }

    /// Where a rotation within heads may move from the outputs of an attention into its values; none where the family
    /// does not say so.
    default List<ValuePath> valuePaths() {
        return List.of();
    }

    /// Builds the graphs; the arithmetic is that of the family's reference implementation.
    ///
    /// @param weights by canonical names
    /// @param linears emits [#blockLinears]; everything else is computed in F32
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when a weight is not finite
    SplitGraphs graphs(Checkpoint weights, LinearLayers linears, Dialect dialect);

    /// Builds the trunk that runs both branches of classifier-free guidance in one pass, see [BranchAxis]; for each
    /// branch it computes what the trunk of [#graphs] does.
    OnnxModel trunkOfBoth(Checkpoint weights, LinearLayers linears, Dialect dialect);

    /// Tokens of the text that run through the blocks beside the picture's, where their number differs from prompt to
    /// prompt; 0 where the picture only attends to the text, or every prompt is padded to one length.
    default int textInBlocks(BranchConditioning conditioning) {
        return 0;
    }

    /// Inputs that stay the same during a generation, per guidance branch: the prompt, pooled vectors, masks, guidance.
    ///
    /// @throws IllegalArgumentException when the conditioning lacks a part this model reads, or has it in another
    /// width; says what was found, what is expected and which text encoder would fit
    Map<String, Tensor> conditioningInputs(BranchConditioning conditioning);

    /// Inputs of one step.
    ///
    /// @param latent F32 `[1, channels, frames, height, width]`, padded to whole patches, with the image's channels
    /// already concatenated where the model reads some
    /// @param timestep time input of the model, 1000 * sigma for flow-matching models
    Map<String, Tensor> stepInputs(Tensor latent, float timestep, BranchConditioning conditioning);

    /// Inputs of the prelude that are known for every step before the first, and small: features of the time, and what
    /// joins them (pooled text, strength of guidance). What follows from them alone need not be computed step by
    /// step.
    default Set<String> timeInputs() {
        return Set.of("time_features");
    }

    /// Names of the linears, without `.weight`, that follow from [#timeInputs] alone, as a regular expression over
    /// whole names: the modulation of the blocks, the embedding of the time, what modulates the head.
    String timeLinears();

    /// Further inputs of one step, of models that read where the next step lies (MeanFlow).
    ///
    /// @param nextTimestep time input of the step after this one; 0 after the last
    default Map<String, Tensor> nextStepInputs(float nextTimestep) {
        return Map.of();
    }

    /// Inputs that depend on the clip's size (and the length of the text): rotary tables, grids.
    ///
    /// @param size of the padded latent
    Map<String, Tensor> positionInputs(LatentSize size, BranchConditioning conditioning);

    /// Whether the prelude depends on the guidance branch; where not, it runs once for both.
    default boolean preludeReadsConditioning() {
        return false;
    }
}
