package dev.quantreel.engines.golden;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/// One forward pass of a diffusion transformer.
final class TransformerGolden implements GoldenFamily {

    private static final CancellationToken NONE = CancellationToken.NONE;

    @Override
    public boolean fits(GoldenFile golden) {
        return golden.contains("in.x")
                && TransformerCheckpoint.recognise(weights(golden)).isPresent();
    }

    @Override
    public Map<String, Double> errors(GoldenFile golden, Engine engine) {
        Map<String, Double> errors = new LinkedHashMap<>();
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(weights(golden));
        try (DiffusionTransformer transformer = open(engine, checkpoint)) {
            SplitModel model = transformer.bind(conditioning(golden), conditioning(golden));
            SplitModel.Prelude prelude = prelude(golden, model, checkpoint);
            Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
            errors.put(
                    "out.y",
                    GoldenFile.maxAbsoluteError(
                            model.head(prelude, tokens, NONE),
                            new GoldenLatents(golden, checkpoint.facts()).latent("out.y")));
            if (golden.contains("mid.txt_in")) {
                Tensor text = Objects.requireNonNull(prelude.outputs().get("text_tokens"));
                errors.put("mid.txt_in", GoldenFile.maxAbsoluteError(text, golden.tensor("mid.txt_in")));
            }
        }
        for (int block = 0; golden.contains("mid.block" + block); block++) {
            String name = "mid.block" + block;
            TransformerCheckpoint first = firstBlocks(weights(golden), block + 1);
            try (DiffusionTransformer transformer = open(engine, first)) {
                SplitModel model = transformer.bind(conditioning(golden), conditioning(golden));
                Tensor tokens = model.trunk(prelude(golden, model, first), Branch.UNCONDITIONAL, 8, NONE);
                errors.put(name, GoldenFile.maxAbsoluteError(tokens, golden.tensor(name)));
            }
        }
        return errors;
    }

    /// The files hold prompts that are not padded to the length their families read, and say nowhere whether tokens
    /// have timesteps of their own.
    private static Checkpoint weights(GoldenFile golden) {
        Checkpoint weights = golden.weights();
        String additions = "\"text_len\": "
                + (golden.contains("in.context")
                        ? golden.tensor("in.context").shape().dim(1)
                        : 0);
        if (golden.contains("in.t") && golden.tensor("in.t").shape().rank() == 2) {
            additions += ", \"expand_timesteps\": true";
        }
        String config = weights.metadata().getOrDefault("config", "{}").replaceFirst("\\{", "{" + additions + ", ");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        weights.names().forEach(name -> tensors.put(name, weights.tensor(name)));
        return new MemoryCheckpoint(weights.source(), tensors, Map.of("config", config.replace(", }", "}")));
    }

    private static SplitModel.Prelude prelude(GoldenFile golden, SplitModel model, TransformerCheckpoint checkpoint) {
        float[] timesteps = golden.tensor("in.t").toFloatArray();
        Tensor latent = new GoldenLatents(golden, checkpoint.facts()).latent("in.x");
        optional(golden, "in.t_next").ifPresent(next -> model.schedule(List.of(timesteps[0], next.toFloatArray()[0])));
        return model.prelude(latent, timesteps[timesteps.length - 1], Branch.CONDITIONAL, NONE);
    }

    /// Where tokens have timesteps of their own, those of the first frame are 0.
    private static BranchConditioning conditioning(GoldenFile golden) {
        boolean perToken = golden.tensor("in.t").shape().rank() == 2;
        Optional<Tensor> channels = optional(golden, "in.image_channels");
        Optional<Tensor> features = optional(golden, "in.image_embeds");
        boolean hasImage = perToken || channels.isPresent() || features.isPresent();
        return new BranchConditioning(
                text(golden),
                hasImage
                        ? Optional.of(new BranchConditioning.Image(channels, features, perToken ? 1 : 0))
                        : Optional.empty(),
                guidance(golden));
    }

    /// Where a mask is given, the tokens it leaves out are padding.
    private static PromptEmbedding text(GoldenFile golden) {
        Tensor context = golden.tensor("in.context");
        long tokens = context.shape().dim(1);
        return new PromptEmbedding(
                context,
                Math.toIntExact(golden.contains("in.context_mask") ? ones(golden.tensor("in.context_mask")) : tokens),
                optional(golden, "in.pooled"),
                optional(golden, "in.glyphs"));
    }

    private static long ones(Tensor mask) {
        long count = 0;
        for (float value : mask.toFloatArray()) {
            count += Math.round(value);
        }
        return count;
    }

    private static OptionalDouble guidance(GoldenFile golden) {
        if (golden.contains("in.guidance_x1000")) {
            return OptionalDouble.of(golden.tensor("in.guidance_x1000").toFloatArray()[0] / 1000);
        }
        return golden.contains("in.guidance")
                ? OptionalDouble.of(golden.tensor("in.guidance").toFloatArray()[0])
                : OptionalDouble.empty();
    }

    private static Optional<Tensor> optional(GoldenFile golden, String name) {
        return golden.contains(name) ? Optional.of(golden.tensor(name)) : Optional.empty();
    }

    private static DiffusionTransformer open(Engine engine, TransformerCheckpoint checkpoint) {
        return DiffusionTransformer.open(engine, checkpoint, new FloatLinears(new FloatWeights(checkpoint)));
    }

    /// The model cut off after its first blocks, whose trunk gives what they return.
    private static TransformerCheckpoint firstBlocks(Checkpoint checkpoint, int blocks) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            boolean later = name.startsWith("blocks.") && Integer.parseInt(name.split("\\.", -1)[1]) >= blocks;
            if (!later) {
                tensors.put(name, checkpoint.tensor(name));
            }
        }
        return TransformerCheckpoint.of(new MemoryCheckpoint(checkpoint.source(), tensors, checkpoint.metadata()));
    }
}
