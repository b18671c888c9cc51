package dev.quantreel.engines.dit.ltx;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.RopeTable;
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
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// One LTX-Video transformer.
///
/// Graph inputs: text graph `context` F32 `[1, text, textDim]`, the real tokens alone, since the reference masks the
/// padding out; prelude `latent` and `time_features` F32 `[timesteps, freqDim]`, one timestep for all or one per latent
/// frame, of which those given carry 0; trunk `rope_cos`, `rope_sin` F32
/// `[tokens * heads, headDim / 2]`; head `grid` I64 `[3]`.
public record LtxTransformer(LtxConfig config) implements TransformerArchitecture {

    private static final int TEXT_LENGTH = 128;

    /// e^2.05, what the schedule of the release comes to at 4096 tokens.
    private static final double SHIFT = 7.77;

    @Override
    public TransformerFacts facts() {
        return new TransformerFacts(
                "ltx-video",
                variant(),
                new TransformerFacts.Sizes(config.dim(), config.heads(), config.layers()),
                new TransformerFacts.Latent(
                        LatentSpace.LTX_VIDEO,
                        config.channels(),
                        config.channels(),
                        TransformerFacts.Patch.ONE,
                        TransformerFacts.Image.FIRST_FRAME),
                new TransformerFacts.Text(List.of(TextEncoderFamily.T5), config.textDim(), TEXT_LENGTH, 0),
                new TransformerFacts.Sampling(
                        TransformerFacts.Prediction.FLOW, false, 3, SHIFT, LtxConfig.FRAMES_PER_SECOND));
    }

    private String variant() {
        return switch (config.dim()) {
            case 2048 -> "LTX-Video 0.9 2B";
            case 4096 -> "LTX-Video 0.9 13B";
            default -> "LTX-Video 0.9 " + config.layers() + " blocks of width " + config.dim();
        };
    }

    @Override
    public SequencedMap<String, Shape> shapes() {
        return LtxKeys.shapes(config);
    }

    @Override
    public List<String> blockLinears() {
        return shapes().entrySet().stream()
                .filter(tensor -> tensor.getKey().startsWith("transformer_blocks.")
                        && tensor.getKey().endsWith(".weight")
                        && tensor.getValue().rank() == 2)
                .map(tensor -> tensor.getKey().substring(0, tensor.getKey().length() - ".weight".length()))
                .toList();
    }

    @Override
    public SplitGraphs graphs(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new LtxGraphBuilder(config, new FloatWeights(weights), linears, dialect).graphs();
    }

    @Override
    public OnnxModel trunkOfBoth(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new LtxGraphBuilder(config, new FloatWeights(weights), linears, dialect).trunk(2);
    }

    @Override
    public Map<String, Tensor> conditioningInputs(BranchConditioning conditioning) {
        PromptEmbedding text = conditioning.text();
        text.requireWidth(config.textDim(), TextEncoderFamily.T5);
        return Map.of("context", text.attended());
    }

    @Override
    public Map<String, Tensor> stepInputs(Tensor latent, float timestep, BranchConditioning conditioning) {
        int known =
                conditioning.image().map(BranchConditioning.Image::knownFrames).orElse(0);
        float[] timesteps = {timestep};
        if (known > 0) {
            timesteps = new float[LatentSize.of(latent).frames()];
            Arrays.fill(timesteps, known, timesteps.length, timestep);
        }
        return Map.of("latent", latent, "time_features", TimeFeatures.of(config.freqDim(), timesteps));
    }

    @Override
    public String timeLinears() {
        return "adaln_single\\..*";
    }

    @Override
    public Map<String, Tensor> positionInputs(LatentSize size, BranchConditioning conditioning) {
        TokenGrid grid = size.grid(TransformerFacts.Patch.ONE);
        RopeTable rope = LtxRope.of(config, grid);
        return Map.of("rope_cos", rope.cos(), "rope_sin", rope.sin(), "grid", grid.tensor());
    }
}
