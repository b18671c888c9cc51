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
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
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
import java.util.SequencedMap;
import java.util.Set;

/// One HunyuanVideo 1.0 transformer.
///
/// Graph inputs: prelude `latent`, `time_features` F32 `[1, freqDim]`, `context` F32 `[1, text, textDim]` (real tokens
/// alone), `pooled` F32 `[1, pooledDim]` and, where guided, `guidance_features` F32 `[1, freqDim]`; trunk `rope_cos`,
/// `rope_sin` F32 `[tokens + text, headDim / 2]`; head `grid` I64 `[3]`.
///
/// @param config sizes
/// @param pooledDim width of the pooled text vector
/// @param guided whether the strength of guidance is an input (distilled files)
public record HunyuanVideoTransformer(HunyuanConfig config, int pooledDim, boolean guided)
        implements TransformerArchitecture {

    private static final double GUIDANCE = 6;
    private static final double SHIFT = 7;
    private static final double FRAMES_PER_SECOND = 24;
    private static final int TEXT_LENGTH = 256;

    /// Guidance is embedded like a timestep, in thousandths.
    private static final float GUIDANCE_FACTOR = 1000;

    private static final int RELEASED_WIDTH = 3072;

    @Override
    public TransformerFacts facts() {
        return new TransformerFacts(
                "hunyuan-video",
                variant(),
                new TransformerFacts.Sizes(config.dim(), config.heads(), config.layers()),
                new TransformerFacts.Latent(
                        LatentSpace.HUNYUAN_VIDEO,
                        config.outChannels(),
                        config.inChannels(),
                        config.tokenPatch(),
                        config.imageChannels() > 0 ? TransformerFacts.Image.CHANNELS : TransformerFacts.Image.NONE),
                new TransformerFacts.Text(
                        List.of(TextEncoderFamily.LLAMA, TextEncoderFamily.CLIP_L),
                        config.textDim(),
                        TEXT_LENGTH,
                        pooledDim),
                new TransformerFacts.Sampling(
                        TransformerFacts.Prediction.FLOW, guided, guided ? GUIDANCE : 1, SHIFT, FRAMES_PER_SECOND));
    }

    private String variant() {
        String size = config.dim() == RELEASED_WIDTH ? "13B" : config.layers() + " blocks of width " + config.dim();
        return "HunyuanVideo " + (config.imageChannels() > 0 ? "I2V " : "T2V ") + size
                + (guided ? "" : " without guidance input");
    }

    @Override
    public SequencedMap<String, Shape> shapes() {
        HunyuanShapes shapes = new HunyuanShapes(config)
                .patches()
                .embedder("time_in", config.freqDim())
                .embedder("vector_in", pooledDim);
        if (guided) {
            shapes.embedder("guidance_in", config.freqDim());
        }
        return shapes.refiner().blocks().head().shapes();
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
        return new HunyuanGraphBuilder(
                config, new Pooled(pooledDim, guided), new FloatWeights(weights), linears, dialect);
    }

    @Override
    public int textInBlocks(BranchConditioning conditioning) {
        return conditioning.text().length();
    }

    /// Adds pooled text and guidance to the timestep.
    private record Pooled(int pooledDim, boolean guided) implements HunyuanGraphBuilder.Conditions {

        @Override
        public String name() {
            return "hunyuan-video";
        }

        @Override
        public Value vector(HunyuanOps ops, Value embedding) {
            Dim one = Dim.of(1);
            Value pooled = ops.graph().input("pooled", DType.F32, one, Dim.of(pooledDim));
            Value vector = ops.add(embedding, ops.embedder(pooled, "vector_in"));
            if (!guided) {
                return vector;
            }
            Value features = ops.graph()
                    .input(
                            "guidance_features",
                            DType.F32,
                            one,
                            Dim.of(ops.config().freqDim()));
            return ops.add(vector, ops.embedder(features, "guidance_in"));
        }

        @Override
        public Value text(HunyuanOps ops, Value refined) {
            return refined;
        }
    }

    @Override
    public boolean preludeReadsConditioning() {
        return true;
    }

    @Override
    public Map<String, Tensor> conditioningInputs(BranchConditioning conditioning) {
        conditioning.text().requireWidth(config.textDim(), TextEncoderFamily.LLAMA);
        requireTokens(conditioning);
        Map<String, Tensor> inputs = new HashMap<>();
        inputs.put("context", conditioning.text().valid());
        inputs.put("pooled", pooled(conditioning));
        if (guided) {
            float guidance = (float) conditioning.guidance().orElse(GUIDANCE);
            inputs.put("guidance_features", TimeFeatures.single(config.freqDim(), GUIDANCE_FACTOR * guidance));
        }
        return inputs;
    }

    /// The refiner takes the mean of the text, which has to have some.
    static void requireTokens(BranchConditioning conditioning) {
        if (conditioning.text().length() == 0) {
            throw new IllegalArgumentException(
                    "the prompt was encoded to no token at all; even an empty prompt has" + " those of its template");
        }
    }

    private Tensor pooled(BranchConditioning conditioning) {
        String needed = variant() + " reads two encodings of the prompt: the tokens of "
                + TextEncoderFamily.LLAMA.title() + " (" + TextEncoderFamily.LLAMA.usualFile()
                + ") and the pooled vector of " + TextEncoderFamily.CLIP_L.title() + " ("
                + TextEncoderFamily.CLIP_L.usualFile() + ", " + pooledDim + " values)";
        Tensor pooled = conditioning
                .text()
                .pooled()
                .orElseThrow(() -> new IllegalArgumentException(needed
                        + "; this prompt has no pooled vector: encode it with both (a T5 or UMT5 prompt is as wide as"
                        + " Llama's but means something else)"));
        if (pooled.dtype() != DType.F32 || !pooled.shape().equals(Shape.of(1, pooledDim))) {
            throw new IllegalArgumentException(
                    needed + "; the pooled vector of this prompt is " + pooled.dtype() + pooled.shape());
        }
        return pooled;
    }

    @Override
    public Map<String, Tensor> stepInputs(Tensor latent, float timestep, BranchConditioning conditioning) {
        return Map.of("latent", latent, "time_features", TimeFeatures.single(config.freqDim(), timestep));
    }

    @Override
    public Set<String> timeInputs() {
        return Set.of("time_features", "pooled", "guidance_features");
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
}
