package dev.quantreel.engines.dit.latte;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TimeFeatures;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// One Latte transformer, made for clips of 16 frames.
///
/// Graph inputs: text graph `context` F32 `[1, text, textDim]`, the real tokens alone; prelude `latent`,
/// `time_features` F32 `[1, freqDim]` and `space_positions` F32 `[1, rows * columns, dim]`; trunk `time_positions` F32
/// `[frames, 1, dim]`; head `grid` I64 `[3]`.
///
/// The reference cuts the negative prompt to the length of the positive one, padding included where it is shorter; here
/// each branch reads its own real tokens.
public record LatteTransformer(LatteConfig config) implements TransformerArchitecture {

    private static final int TEXT_LENGTH = 120;
    private static final double GUIDANCE = 7.5;
    private static final double FRAMES_PER_SECOND = 8;

    @Override
    public TransformerFacts facts() {
        return new TransformerFacts(
                "latte",
                config.dim() == 1152 ? "Latte-1" : "Latte " + config.pairs() + " pairs of width " + config.dim(),
                new TransformerFacts.Sizes(config.dim(), config.heads(), 2 * config.pairs()),
                new TransformerFacts.Latent(
                        LatentSpace.STABLE_DIFFUSION,
                        config.channels(),
                        config.channels(),
                        TransformerFacts.Patch.TWO_BY_TWO,
                        TransformerFacts.Image.NONE),
                new TransformerFacts.Text(List.of(TextEncoderFamily.T5), config.textDim(), TEXT_LENGTH, 0),
                new TransformerFacts.Sampling(
                        TransformerFacts.Prediction.EPSILON, false, GUIDANCE, 1, FRAMES_PER_SECOND));
    }

    @Override
    public SequencedMap<String, Shape> shapes() {
        return LatteKeys.shapes(config);
    }

    @Override
    public List<String> blockLinears() {
        return shapes().entrySet().stream()
                .filter(tensor -> tensor.getKey().contains("transformer_blocks.")
                        && tensor.getKey().endsWith(".weight")
                        && tensor.getValue().rank() == 2)
                .map(tensor -> tensor.getKey().substring(0, tensor.getKey().length() - ".weight".length()))
                .toList();
    }

    @Override
    public SplitGraphs graphs(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new LatteGraphBuilder(config, new FloatWeights(weights), linears, dialect).graphs();
    }

    @Override
    public OnnxModel trunkOfBoth(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new LatteGraphBuilder(config, new FloatWeights(weights), linears, dialect).trunk(2);
    }

    @Override
    public Map<String, Tensor> conditioningInputs(BranchConditioning conditioning) {
        conditioning.text().requireWidth(config.textDim(), TextEncoderFamily.T5);
        return Map.of("context", conditioning.text().attended());
    }

    @Override
    public Map<String, Tensor> stepInputs(Tensor latent, float timestep, BranchConditioning conditioning) {
        return Map.of("latent", latent, "time_features", TimeFeatures.of(config.freqDim(), timestep));
    }

    @Override
    public String timeLinears() {
        return "adaln_single\\..*";
    }

    @Override
    public Map<String, Tensor> positionInputs(LatentSize size, BranchConditioning conditioning) {
        TokenGrid grid = size.grid(TransformerFacts.Patch.TWO_BY_TWO);
        return Map.of(
                "space_positions", LattePositions.space(config, grid),
                "time_positions", LattePositions.time(config, grid),
                "grid", grid.tensor());
    }
}
