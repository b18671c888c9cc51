package dev.quantreel.engines.dit.cogvideox;

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
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// One CogVideoX transformer.
///
/// Graph inputs: text graph `context` F32 `[1, textLength, textDim]`; prelude `latent` and `time_features` F32
/// `[1, dim]`; where positions are added, prelude `time_positions` F32 `[frames, 1, dim]` and `space_positions` F32
/// `[1, rows * columns, dim]`; where they rotate, trunk `rope_cos`, `rope_sin` F32 `[tokens + textLength, headDim /
/// 2]`; head `grid` I64 `[3]`.
///
/// The reference reads the text encoder's output for all 226 tokens, which it computes without masking the padding: a
/// prompt encoded like that has `length` 226. One of fewer real tokens is filled up with zeros.
public record CogVideoXTransformer(CogVideoXConfig config) implements TransformerArchitecture {

    private static final int LAYERS_OF_2B = 30;

    @Override
    public TransformerFacts facts() {
        return new TransformerFacts(
                "cogvideox",
                variant(),
                new TransformerFacts.Sizes(config.dim(), config.heads(), config.layers()),
                new TransformerFacts.Latent(
                        LatentSpace.COG_VIDEO_X,
                        config.channels(),
                        config.inChannels(),
                        config.patch(),
                        readsImage() ? TransformerFacts.Image.CHANNELS : TransformerFacts.Image.NONE),
                new TransformerFacts.Text(List.of(TextEncoderFamily.T5), config.textDim(), config.textLength(), 0),
                new TransformerFacts.Sampling(
                        TransformerFacts.Prediction.V,
                        false,
                        6,
                        config.layers() == LAYERS_OF_2B ? 3 : 1,
                        config.patchFrames() > 1 ? 16 : 8));
    }

    private boolean readsImage() {
        return config.image().channels() > 0;
    }

    private String variant() {
        String release = (config.patchFrames() > 1 ? "CogVideoX 1.5 " : "CogVideoX ") + (readsImage() ? "I2V " : "");
        return switch (config.dim()) {
            case 1920 -> release + "2B";
            case 3072 -> release + "5B";
            default -> release + config.layers() + " blocks of width " + config.dim();
        };
    }

    @Override
    public SequencedMap<String, Shape> shapes() {
        return CogVideoXKeys.shapes(config);
    }

    @Override
    public List<String> blockLinears() {
        return shapes().keySet().stream()
                .filter(name -> name.startsWith("transformer_blocks.") && name.endsWith(".weight"))
                .filter(name -> name.contains(".attn1.to_") || name.contains(".ff.net."))
                .map(name -> name.substring(0, name.length() - ".weight".length()))
                .toList();
    }

    @Override
    public SplitGraphs graphs(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new CogVideoXGraphBuilder(config, new FloatWeights(weights), linears, dialect).graphs();
    }

    @Override
    public OnnxModel trunkOfBoth(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new CogVideoXGraphBuilder(config, new FloatWeights(weights), linears, dialect).trunk(2);
    }

    @Override
    public Map<String, Tensor> conditioningInputs(BranchConditioning conditioning) {
        conditioning.text().requireWidth(config.textDim(), TextEncoderFamily.T5);
        return Map.of("context", conditioning.text().padded(config.textLength()));
    }

    @Override
    public Map<String, Tensor> stepInputs(Tensor latent, float timestep, BranchConditioning conditioning) {
        return Map.of("latent", latent, "time_features", TimeFeatures.of(config.dim(), timestep));
    }

    /// A learned table holds for one size of the picture, and for clips up to the trained one.
    private void requireLearnedPlaces(TokenGrid grid) {
        int learned = config.image().positions() - config.textLength();
        if (config.image().positions() > 0
                && config.positions() instanceof Positions.Stretched(int rows, int columns)) {
            int cell = CogVideoXConfig.PATCH * LatentSpace.COG_VIDEO_X.spatialFactor();
            int longest = learned / (rows * columns);
            if (grid.rows() != rows || grid.columns() != columns || grid.frames() > longest) {
                throw new IllegalArgumentException(variant() + " has learned places for " + cell * columns + " x "
                        + cell * rows + " pixels and up to " + LatentSpace.COG_VIDEO_X.pictures(longest)
                        + " frames alone; the clip has " + cell * grid.columns() + " x " + cell * grid.rows()
                        + " pixels and " + LatentSpace.COG_VIDEO_X.pictures(grid.frames()) + " frames");
            }
        }
    }

    @Override
    public String timeLinears() {
        return "(time|ofs)_embedding\\..*|.*\\.norm[12]\\.(image|text)|norm_out\\.linear";
    }

    @Override
    public Map<String, Tensor> positionInputs(LatentSize size, BranchConditioning conditioning) {
        TokenGrid grid = size.grid(config.patch());
        requireLearnedPlaces(grid);
        return switch (config.positions()) {
            case Positions.Added added ->
                Map.of(
                        "time_positions", added.time(grid, config.dim()),
                        "space_positions", added.space(grid, config.dim()),
                        "grid", grid.tensor());
            case Positions.Rotary rotary -> {
                RopeTable rope = rotary.table(grid, config.headDim(), config.textLength());
                yield Map.of("rope_cos", rope.cos(), "rope_sin", rope.sin(), "grid", grid.tensor());
            }
        };
    }
}
