package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranch.Basis;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Branches beside every block linear of every family are the same as their sums in the weights.
class LowRankFamiliesTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final float FACTOR = 0.05f;
    private static final int RANK = 2;

    private static LowRankBranches branches(TransformerCheckpoint checkpoint) {
        Map<String, List<LowRankBranch>> byLayer = new LinkedHashMap<>();
        for (String layer : checkpoint.blockLinears()) {
            Shape shape = checkpoint.shape(layer + ".weight");
            byLayer.put(
                    layer,
                    List.of(new LowRankBranch(
                            random(layer.hashCode(), RANK, shape.dim(1)),
                            random(layer.hashCode() + 1L, shape.dim(0), RANK),
                            FACTOR,
                            Basis.ORIGINAL)));
        }
        return LowRankBranches.of(byLayer);
    }

    private static Tensor random(long seed, long... dims) {
        return Conversions.fromF32(TinyTransformer.random(seed, dims), DType.BF16);
    }

    private static LinearLayers merged(TransformerCheckpoint checkpoint, LowRankBranches branches) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : checkpoint.names()) {
            tensors.put(name, checkpoint.tensor(name));
        }
        branches.byLayer().forEach((layer, beside) -> {
            LowRankBranch branch = beside.getFirst();
            float[] sum = Conversions.toFloatArray(checkpoint.tensor(layer + ".weight"));
            float[] down = Conversions.toFloatArray(branch.down());
            float[] up = Conversions.toFloatArray(branch.up());
            int columns = branch.inputs();
            for (int i = 0; i < sum.length; i++) {
                for (int k = 0; k < RANK; k++) {
                    sum[i] += FACTOR * up[i / columns * RANK + k] * down[k * columns + i % columns];
                }
            }
            tensors.put(layer + ".weight", Tensor.of(checkpoint.shape(layer + ".weight"), sum));
        });
        return new FloatLinears(new FloatWeights(new MemoryCheckpoint("merged", tensors, Map.of())));
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void branchesBesideAllLinearsAreTheirSumsInTheWeights(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        LowRankBranches branches = branches(checkpoint);
        LinearLayers floats = new FloatLinears(new FloatWeights(checkpoint));

        Tensor plain = tiny.prediction(ORT, floats);
        Tensor merged = tiny.prediction(ORT, merged(checkpoint, branches));
        Tensor branched = tiny.prediction(ORT, LowRankLinears.of(floats, branches));

        assertThat(LatentMetrics.relativeL2(plain, merged)).isGreaterThan(0.01);
        assertThat(LatentMetrics.relativeL2(branched, merged)).isLessThan(1e-5);
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void bothPassesOfGuidanceInOneReadTheBranchesAsEachAlone(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        LinearLayers linears = LowRankLinears.of(new FloatLinears(new FloatWeights(checkpoint)), branches(checkpoint));
        try (DiffusionTransformer transformer = DiffusionTransformer.open(ORT, checkpoint, linears)) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 5));
            SplitModel.Prelude first = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
            SplitModel.Prelude second = model.prelude(tiny.latent(), 600, Branch.UNCONDITIONAL, NONE);

            SplitModel.Both both =
                    model.jointTrunk().orElseThrow(AssertionError::new).run(first, second, 8, NONE);

            Tensor alone = model.trunk(second, Branch.UNCONDITIONAL, 8, NONE);
            assertThat(LatentMetrics.relativeL2(both.unconditional(), alone)).isLessThan(1e-5);
            assertThat(LatentMetrics.relativeL2(both.conditional(), alone)).isGreaterThan(1e-3);
        }
    }
}
