package dev.quantreel.engines.dit.hunyuan;

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
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.TextEncoderFamily;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/// One HunyuanVideo 1.5 transformer: double blocks alone, one token per latent cell.
///
/// Every file reads the channels of an image (its latent in the first frame, zeros after it, then the mask: ones in
/// the first frame), which are zeros where none is given, and up to three kinds of text tokens: SigLIP's of the image,
/// ByT5's of the text to be written into the picture, Qwen2.5-VL's of the prompt.
///
/// Graph inputs: prelude `latent`, `time_features` F32 `[1, freqDim]`, `next_time_features` like it in MeanFlow files,
/// and F32 `context` `[1, text, textDim]`, `glyphs` `[1, glyphs, glyphDim]`, `image_features` `[1, image, imageDim]`
/// (real tokens alone, the last two possibly none); trunk `rope_cos`, `rope_sin` F32
/// `[tokens + all text, headDim / 2]`; head `grid` I64 `[3]`.
///
/// @param config sizes
/// @param widths of the further conditions
/// @param meanFlow whether the timestep of the next step is read, too (step-distilled files)
/// @param release what the file was trained for, as far as it says so
public record HunyuanVideo15Transformer(HunyuanConfig config, Widths widths, boolean meanFlow, Release release)
        implements TransformerArchitecture {

    private static final double FRAMES_PER_SECOND = 24;
    private static final double GUIDANCE = 6;
    private static final int TEXT_LENGTH = 1000;
    private static final int RELEASED_WIDTH = 2048;

    /// @param glyph width of ByT5's vectors
    /// @param glyphHidden width inside their projection
    /// @param image width of SigLIP's vectors
    public record Widths(int glyph, int glyphHidden, int image) {}

    /// What one of Tencent's releases was trained for; shapes do not tell.
    ///
    /// @param large 720p instead of 480p
    /// @param image to start from an image
    /// @param distilled to need no negative prompt
    public record Release(boolean large, boolean image, boolean distilled) {

        /// The shift of the noise levels it is sampled with.
        double shift() {
            if (!large) {
                return 5;
            }
            return image ? 7 : 9;
        }
    }

    @Override
    public TransformerFacts facts() {
        return new TransformerFacts(
                "hunyuan-video-1.5",
                variant(),
                new TransformerFacts.Sizes(config.dim(), config.heads(), config.layers()),
                new TransformerFacts.Latent(
                        LatentSpace.HUNYUAN_VIDEO_15,
                        config.outChannels(),
                        config.inChannels(),
                        config.tokenPatch(),
                        TransformerFacts.Image.OPTIONAL_CHANNELS),
                new TransformerFacts.Text(
                        List.of(TextEncoderFamily.QWEN_25_VL, TextEncoderFamily.BYT5),
                        config.textDim(),
                        TEXT_LENGTH,
                        0),
                new TransformerFacts.Sampling(
                        TransformerFacts.Prediction.FLOW,
                        false,
                        isDistilled() ? 1 : GUIDANCE,
                        meanFlow ? 7 : release.shift(),
                        FRAMES_PER_SECOND));
    }

    private boolean isDistilled() {
        return meanFlow || release.distilled;
    }

    private String variant() {
        String size = config.dim() == RELEASED_WIDTH ? "8.3B" : config.layers() + " blocks of width " + config.dim();
        String steps = meanFlow ? ", distilled to few steps" : "";
        return "HunyuanVideo 1.5 " + (release.image ? "I2V " : "T2V ") + size + (release.large ? ", 720p" : ", 480p")
                + (release.distilled && !meanFlow ? ", distilled" : steps);
    }

    @Override
    public SequencedMap<String, Shape> shapes() {
        HunyuanShapes shapes = new HunyuanShapes(config).patches().embedder("time_in", config.freqDim());
        if (meanFlow) {
            shapes.embedder("time_r_in", config.freqDim());
        }
        shapes.refiner()
                .norm("byt5_in.layernorm", widths.glyph)
                .linear("byt5_in.fc1", widths.glyph, widths.glyphHidden)
                .linear("byt5_in.fc2", widths.glyphHidden, widths.glyphHidden)
                .linear("byt5_in.fc3", widths.glyphHidden, config.dim())
                .norm("vision_in.proj.0", widths.image)
                .linear("vision_in.proj.1", widths.image, widths.image)
                .linear("vision_in.proj.3", widths.image, config.dim())
                .norm("vision_in.proj.4", config.dim());
        shapes.shapes().put(HunyuanVideo15Conditions.KINDS, Shape.of(3, config.dim()));
        return shapes.blocks().head().shapes();
    }

    @Override
    public List<String> blockLinears() {
        return HunyuanShapes.blockLinears(shapes());
    }

    @Override
    public List<String> modulationLinears() {
        return HunyuanShapes.modulationLinears(shapes());
    }

    @Override
    public List<ValuePath> valuePaths() {
        return HunyuanShapes.valuePaths(shapes(), config.dim() / config.heads());
    }

    @Override
    public SplitGraphs graphs(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return builder(weights, linears, dialect).graphs();
    }

    @Override
    public OnnxModel trunkOfBoth(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        return builder(weights, linears, dialect).trunk(2);
    }

    private HunyuanGraphBuilder builder(Checkpoint weights, LinearLayers linears, Dialect dialect) {
        var conditions = new HunyuanVideo15Conditions(widths, meanFlow);
        return new HunyuanGraphBuilder(config, conditions, new FloatWeights(weights), linears, dialect);
    }

    @Override
    public int textInBlocks(BranchConditioning conditioning) {
        return conditioning.text().length() + count(conditioning.text().glyphs()) + count(features(conditioning));
    }

    @Override
    public boolean preludeReadsConditioning() {
        return true;
    }

    @Override
    public Map<String, Tensor> conditioningInputs(BranchConditioning conditioning) {
        conditioning.text().requireWidth(config.textDim(), TextEncoderFamily.QWEN_25_VL);
        HunyuanVideoTransformer.requireTokens(conditioning);
        Map<String, Tensor> inputs = new HashMap<>();
        inputs.put("context", conditioning.text().valid());
        inputs.put(
                "glyphs", tokens(conditioning.text().glyphs(), widths.glyph, "text in quotation marks", glyphFile()));
        inputs.put(
                "image_features",
                tokens(
                        features(conditioning),
                        widths.image,
                        "image",
                        "SigLIP (sigclip_vision_patch14_384.safetensors)"));
        return inputs;
    }

    private static String glyphFile() {
        return TextEncoderFamily.BYT5.title() + " (" + TextEncoderFamily.BYT5.usualFile() + ")";
    }

    private static Optional<Tensor> features(BranchConditioning conditioning) {
        return conditioning.image().flatMap(BranchConditioning.Image::features);
    }

    /// What was encoded, or no token at all.
    private Tensor tokens(Optional<Tensor> encoded, int width, String what, String encoder) {
        Tensor tokens = encoded.orElseGet(() -> Tensor.zeros(DType.F32, Shape.of(1, 0, width)));
        Shape shape = tokens.shape();
        if (tokens.dtype() != DType.F32 || shape.rank() != 3 || shape.dim(0) != 1 || shape.dim(2) != width) {
            throw new IllegalArgumentException("the " + what + " was encoded to " + tokens.dtype() + shape + "; "
                    + variant() + " reads F32[1xtokensx" + width + "], vectors of " + encoder);
        }
        return tokens;
    }

    @Override
    public Map<String, Tensor> stepInputs(Tensor latent, float timestep, BranchConditioning conditioning) {
        return Map.of("latent", latent, "time_features", TimeFeatures.single(config.freqDim(), timestep));
    }

    @Override
    public Map<String, Tensor> nextStepInputs(float nextTimestep) {
        return meanFlow ? Map.of("next_time_features", TimeFeatures.single(config.freqDim(), nextTimestep)) : Map.of();
    }

    @Override
    public Set<String> timeInputs() {
        return Set.of("time_features", "next_time_features");
    }

    @Override
    public String timeLinears() {
        return HunyuanShapes.TIME_LINEARS;
    }

    @Override
    public Map<String, Tensor> positionInputs(LatentSize size, BranchConditioning conditioning) {
        var grid = size.grid(config.tokenPatch());
        RopeTable rope = config.rope(grid, textInBlocks(conditioning));
        return Map.of("rope_cos", rope.cos(), "rope_sin", rope.sin(), "grid", grid.tensor());
    }

    private static int count(Optional<Tensor> tokens) {
        return tokens.map(each -> Math.toIntExact(each.shape().dim(1))).orElse(0);
    }
}
