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
import java.util.Map;
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
            SplitModel.Prelude prelude = prelude(golden, model);
            Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
            errors.put("out.y", GoldenFile.maxAbsoluteError(model.head(prelude, tokens, NONE), golden.tensor("out.y")));
        }
        for (int block = 0; golden.contains("mid.block" + block); block++) {
            String name = "mid.block" + block;
            try (DiffusionTransformer transformer = open(engine, firstBlocks(weights(golden), block + 1))) {
                SplitModel model = transformer.bind(conditioning(golden), conditioning(golden));
                Tensor tokens = model.trunk(prelude(golden, model), Branch.UNCONDITIONAL, 8, NONE);
                errors.put(name, GoldenFile.maxAbsoluteError(tokens, golden.tensor(name)));
            }
        }
        return errors;
    }

    /// The files hold prompts that are not padded to the length their families read, and say nowhere whether tokens
    // have
    /// timesteps of their own.
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

    private static SplitModel.Prelude prelude(GoldenFile golden, SplitModel model) {
        float[] timesteps = golden.tensor("in.t").toFloatArray();
        return model.prelude(golden.tensor("in.x"), timesteps[timesteps.length - 1], Branch.CONDITIONAL, NONE);
    }

    /// Where tokens have timesteps of their own, those of the first frame are 0.
    private static BranchConditioning conditioning(GoldenFile golden) {
        boolean perToken = golden.tensor("in.t").shape().rank() == 2;
        return new BranchConditioning(
                PromptEmbedding.of(golden.tensor("in.context")),
                perToken
                        ? Optional.of(new BranchConditioning.Image(Optional.empty(), Optional.empty(), 1))
                        : Optional.empty(),
                OptionalDouble.empty());
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
