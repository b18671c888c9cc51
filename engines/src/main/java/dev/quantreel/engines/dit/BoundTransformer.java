package dev.quantreel.engines.dit;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A [DiffusionTransformer] with the text of one generation. Keys and values of the text are computed at the first
/// use of each branch and activation bit width, and kept.
final class BoundTransformer implements SplitModel {

    private final DiffusionTransformer transformer;
    private final WanConfig config;
    private final Map<Branch, Tensor> texts;
    private final Map<TextKey, Map<String, Tensor>> keysAndValues = new HashMap<>();
    private @Nullable TokenGrid ropeGrid;
    private @Nullable RopeTable rope;

    private record TextKey(Branch branch, int bits) {}

    BoundTransformer(DiffusionTransformer transformer, Tensor conditionalText, Tensor unconditionalText) {
        this.transformer = transformer;
        this.config = transformer.config();
        this.texts = Map.of(Branch.CONDITIONAL, conditionalText, Branch.UNCONDITIONAL, unconditionalText);
    }

    @Override
    public Prelude prelude(Tensor latent, float timestep, CancellationToken cancellation) {
        boolean fits = latent.dtype() == DType.F32
                && latent.shape().rank() == 5
                && latent.shape().dim(0) == 1
                && latent.shape().dim(1) == config.inChannels()
                && latent.elements() > 0;
        if (!fits) {
            throw new IllegalArgumentException("the latent is " + latent.dtype() + latent.shape()
                    + "; this model takes F32[1x" + config.inChannels() + "xframesxheightxwidth]");
        }
        Map<String, Tensor> outputs = transformer.runPrelude(
                Map.of(
                        "latent",
                        LatentPadding.pad(latent),
                        "time_features",
                        TimeFeatures.of(timestep, config.freqDim())),
                cancellation);
        return new Prelude(
                DiffusionTransformer.required(outputs, "tokens"),
                DiffusionTransformer.required(outputs, "time_embedding"),
                DiffusionTransformer.required(outputs, "time_projection"),
                Math.toIntExact(latent.shape().dim(2)),
                Math.toIntExact(latent.shape().dim(3)),
                Math.toIntExact(latent.shape().dim(4)));
    }

    @Override
    public Tensor trunk(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {
        RopeTable positions = rope(TokenGrid.of(prelude.frames(), prelude.height(), prelude.width()));
        Map<String, Tensor> inputs = new HashMap<>(text(branch, activationBits, cancellation));
        inputs.put("tokens", prelude.tokens());
        inputs.put("time_projection", prelude.timeProjection());
        inputs.put("rope_cos", positions.cos());
        inputs.put("rope_sin", positions.sin());
        return transformer.runTrunk(inputs, activationBits, cancellation);
    }

    @Override
    public Tensor head(Prelude prelude, Tensor tokens, CancellationToken cancellation) {
        TokenGrid grid = TokenGrid.of(prelude.frames(), prelude.height(), prelude.width());
        Tensor velocity = transformer.runHead(
                Map.of("tokens", tokens, "time_embedding", prelude.timeEmbedding(), "grid", grid.tensor()),
                cancellation);
        return LatentPadding.crop(velocity, prelude.height(), prelude.width());
    }

    private Map<String, Tensor> text(Branch branch, int activationBits, CancellationToken cancellation) {
        TextKey key = new TextKey(branch, transformer.bitsKey(activationBits));
        Map<String, Tensor> known = keysAndValues.get(key);
        if (known != null) {
            return known;
        }
        Tensor context = texts.get(branch);
        if (context == null) {
            throw new IllegalArgumentException("no text for " + branch);
        }
        Map<String, Tensor> computed = new HashMap<>(transformer.runText(context, activationBits, cancellation));
        computed.keySet().removeIf(name -> name.startsWith(WanGraphs.RECORDED));
        keysAndValues.put(key, computed);
        return computed;
    }

    private RopeTable rope(TokenGrid grid) {
        RopeTable table = rope;
        if (table == null || !grid.equals(ropeGrid)) {
            table = RopeTable.of(config.headDim(), grid);
            rope = table;
            ropeGrid = grid;
        }
        return table;
    }
}
