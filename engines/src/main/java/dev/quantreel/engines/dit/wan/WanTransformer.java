package dev.quantreel.engines.dit.wan;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.RopeTable;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TimeFeatures;
import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.rotation.ValuePath;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// One Wan transformer.
///
/// Graph inputs: text graph `context` F32 `[1, textLength, textDim]` and `image_features` F32 `[1, image, imageDim]`;
/// prelude `latent` and `time_features` F32 `[timesteps, freqDim]`; trunk `rope_cos`, `rope_sin` F32
/// `[tokens, headDim / 2]`; head `grid` I64 `[3]`.
public record WanTransformer(WanConfig config) implements TransformerArchitecture {

    private static final int LATENT_CHANNELS_OF_22 = 48;
    private static final int MODULATION_BITS = 8;

    @Override
    public TransformerFacts facts() {
        boolean large = config.outChannels() == LATENT_CHANNELS_OF_22;
        return new TransformerFacts(
                "wan",
                variant(),
                new TransformerFacts.Sizes(config.dim(), config.heads(), config.layers()),
                new TransformerFacts.Latent(
                        large ? LatentSpace.WAN_22 : LatentSpace.WAN_21,
                        config.outChannels(),
                        config.inChannels(),
                        TransformerFacts.Patch.TWO_BY_TWO,
                        image()),
                new TransformerFacts.Text(List.of(TextEncoderFamily.UMT5), config.textDim(), config.textLength(), 0),
                new TransformerFacts.Sampling(TransformerFacts.Prediction.FLOW, false, 5, 5, large ? 24 : 16));
    }

    private TransformerFacts.Image image() {
        if (config.inChannels() > config.outChannels()) {
            return config.readsImageFeatures()
                    ? TransformerFacts.Image.CHANNELS_AND_FEATURES
                    : TransformerFacts.Image.CHANNELS;
        }
        return config.timestepPerFrame() ? TransformerFacts.Image.FIRST_FRAME : TransformerFacts.Image.NONE;
    }

    private String variant() {
        String size =
                switch (config.dim()) {
                    case 1536 -> "1.3B";
                    case 3072 -> "5B";
                    case 5120 -> "14B";
                    default -> config.layers() + " blocks of width " + config.dim();
                };
        return switch (image()) {
            case NONE -> "Wan 2.1 / 2.2 T2V " + size;
            case CHANNELS, OPTIONAL_CHANNELS -> "Wan 2.2 I2V " + size;
            case CHANNELS_AND_FEATURES -> "Wan 2.1 I2V " + size;
            case FIRST_FRAME -> "Wan 2.2 TI2V " + size;
        };
    }

    @Override
    public SequencedMap<String, Shape> shapes() {
        return WanKeys.shapes(config);
    }

    @Override
    public List<String> blockLinears() {
        return shapes().entrySet().stream()
                .filter(tensor -> tensor.getKey().startsWith("blocks.")
                        && tensor.getKey().endsWith(".weight")
                        && tensor.getValue().rank() == 2)
                .map(tensor -> tensor.getKey().substring(0, tensor.getKey().length() - ".weight".length()))
                .toList();
    }

    /// One matrix makes the modulation vectors of all blocks: a hundredth of the weights.
    @Override
    public List<String> modulationLinears() {
        return List.of("time_projection.1");
    }

    /// An error here reaches every block at once, so it gets the bits at which there is next to none.
    @Override
    public int modulationBits(int weightBits) {
        return MODULATION_BITS;
    }

    @Override
    public List<ValuePath> valuePaths() {
        List<ValuePath> paths = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            String self = "blocks." + i + ".self_attn.";
            String cross = "blocks." + i + ".cross_attn.";
            List<String> values =
                    config.readsImageFeatures() ? List.of(cross + "v", cross + "v_img") : List.of(cross + "v");
            paths.add(new ValuePath(List.of(self + "v"), List.of(self + "o"), config.headDim()));
            paths.add(new ValuePath(values, List.of(cross + "o"), config.headDim()));
        }
        return paths;
    }

    @Override
    public SplitGraphs graphs(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new WanGraphBuilder(config, new FloatWeights(weights), linears, dialect).graphs();
    }

    @Override
    public OnnxModel trunkOfBoth(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return new WanGraphBuilder(config, new FloatWeights(weights), linears, dialect).trunk(2);
    }

    @Override
    public Map<String, Tensor> conditioningInputs(BranchConditioning conditioning) {
        conditioning.text().requireWidth(config.textDim(), TextEncoderFamily.UMT5);
        Map<String, Tensor> inputs = new HashMap<>();
        inputs.put("context", conditioning.text().padded(config.textLength()));
        if (config.readsImageFeatures()) {
            Tensor features = conditioning
                    .image()
                    .flatMap(BranchConditioning.Image::features)
                    .orElseThrow(() -> new IllegalArgumentException(
                            variant() + " reads the CLIP features of an image, and none are given: connect CLIP vision"
                                    + " (clip_vision_h.safetensors)"));
            if (features.shape().dim(2) != config.imageDim()) {
                throw new IllegalArgumentException(
                        "the image features are " + features.shape() + "; " + variant() + " reads vectors of "
                                + config.imageDim() + ", those of CLIP-ViT-H (clip_vision_h.safetensors)");
            }
            inputs.put("image_features", features);
        }
        return inputs;
    }

    @Override
    public Map<String, Tensor> stepInputs(Tensor latent, float timestep, BranchConditioning conditioning) {
        int known =
                conditioning.image().map(BranchConditioning.Image::knownFrames).orElse(0);
        float[] timesteps = {timestep};
        if (config.timestepPerFrame() && known > 0) {
            timesteps = new float[LatentSize.of(latent).frames()];
            Arrays.fill(timesteps, known, timesteps.length, timestep);
        }
        return Map.of("latent", latent, "time_features", TimeFeatures.of(config.freqDim(), timesteps));
    }

    @Override
    public String timeLinears() {
        return "time_(embedding|projection)\\..*";
    }

    @Override
    public Map<String, Tensor> positionInputs(LatentSize size, BranchConditioning conditioning) {
        var grid = size.grid(TransformerFacts.Patch.TWO_BY_TWO);
        RopeTable rope = config.rope(grid);
        return Map.of("rope_cos", rope.cos(), "rope_sin", rope.sin(), "grid", grid.tensor());
    }
}
