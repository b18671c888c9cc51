package dev.quantreel.engines.dit;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SequencedSet;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/// The two-block transformers of the golden files, and inputs that fit them.
///
/// @param file golden file
/// @param frames latent frames that it takes
public record TinyTransformer(String file, int frames) {

    /// One of every family but Wan, as diffusers saves them.
    public static Stream<TinyTransformer> besidesWan() {
        return Stream.of(
                new TinyTransformer("ltx_diffusers.safetensors", 2),
                new TinyTransformer("cogvideox2b_diffusers.safetensors", 3),
                new TinyTransformer("cogvideox5b_diffusers.safetensors", 3),
                new TinyTransformer("cogvideox15_diffusers.safetensors", 4),
                new TinyTransformer("hunyuan_video_diffusers.safetensors", 3),
                new TinyTransformer("hunyuan_video_15_t2v_diffusers.safetensors", 2),
                new TinyTransformer("hunyuan_video_15_i2v_diffusers.safetensors", 2),
                new TinyTransformer("latte_diffusers.safetensors", 3));
    }

    private static final CancellationToken NONE = CancellationToken.NONE;

    /// The weights under the names of the file.
    public Checkpoint stored() {
        SafetensorsFile golden = GoldenResource.open(file);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : golden.names()) {
            if (name.startsWith("w.")) {
                weights.put(name.substring(2), golden.tensor(name));
            }
        }
        return new MemoryCheckpoint(file, weights, golden.metadata());
    }

    public TransformerCheckpoint checkpoint() {
        return TransformerCheckpoint.of(stored());
    }

    /// Random, the same at each call.
    public Tensor latent() {
        return random(11, 1, checkpoint().facts().latent().channels(), frames, 4, 6);
    }

    /// Random, the same at each call.
    public Tensor context(long seed, int tokens) {
        return random(seed, 1, tokens, checkpoint().facts().text().width());
    }

    /// The context as [#context] makes it, and whatever else the model reads of a prompt.
    public BranchConditioning conditioning(long seed, int tokens) {
        int pooled = checkpoint().facts().text().pooledWidth();
        return BranchConditioning.of(new PromptEmbedding(
                context(seed, tokens),
                tokens,
                pooled == 0 ? Optional.empty() : Optional.of(random(seed + 1, 1, pooled)),
                Optional.empty()));
    }

    /// One pass.
    public Tensor prediction(Engine engine, LinearLayers linears) {
        return prediction(engine, checkpoint(), linears);
    }

    /// One pass of other weights in the same architecture.
    public Tensor prediction(Engine engine, TransformerCheckpoint weights, LinearLayers linears) {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, weights, linears)) {
            SplitModel model = transformer.bind(conditioning(12, 5), conditioning(13, 4));
            SplitModel.Prelude prelude = model.prelude(latent(), 600, Branch.CONDITIONAL, NONE);
            return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE);
        }
    }

    /// Normally distributed values.
    public static Tensor random(long seed, long... dims) {
        Random random = new Random(seed);
        float[] values = new float[(int) Shape.of(dims).elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(Shape.of(dims), values);
    }

    /// The same tensors under other names.
    public static Checkpoint renamed(Checkpoint checkpoint, UnaryOperator<String> names) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        checkpoint.names().forEach(name -> tensors.put(names.apply(name), checkpoint.tensor(name)));
        return new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata());
    }

    @Override
    public String toString() {
        return file;
    }

    /// Counts how often each tensor is taken.
    public record CountingCheckpoint(Checkpoint checkpoint, Map<String, Integer> reads) implements Checkpoint {

        @Override
        public SequencedSet<String> names() {
            return new LinkedHashSet<>(checkpoint.names());
        }

        @Override
        public Tensor tensor(String name) {
            reads.merge(name, 1, Integer::sum);
            return checkpoint.tensor(name);
        }

        @Override
        public Shape shape(String name) {
            return checkpoint.shape(name);
        }

        @Override
        public Map<String, String> metadata() {
            return checkpoint.metadata();
        }

        @Override
        public String source() {
            return checkpoint.source();
        }

        @Override
        public String digest() {
            return checkpoint.digest();
        }
    }
}
