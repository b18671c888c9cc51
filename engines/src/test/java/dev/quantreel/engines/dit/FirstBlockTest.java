package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.GraphCut;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The trunk of every family, cut behind its first block.
class FirstBlockTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));

    @AfterAll
    static void close() {
        ORT.close();
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void theFirstBlockAndTheLaterOnesAreTheTrunk(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        assertCutIsTheWhole(tiny, checkpoint, new FloatLinears(new FloatWeights(checkpoint)));
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void soItIsQuantized(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint, QuantizationPlan.MIN_MAX, checkpoint.blockLinears(), (layer, done, total) -> {}, NONE);
        assertCutIsTheWhole(tiny, checkpoint, QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER));
    }

    private static void assertCutIsTheWhole(
            TinyTransformer tiny, TransformerCheckpoint checkpoint, LinearLayers linears) {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                ORT, checkpoint, linears, LayerProbe.NONE, DiffusionTransformer.Blocks.FIRST_BLOCK_APART)) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            SplitModel.Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
            SplitModel.CutTrunk cut = model.cutTrunk().orElseThrow(AssertionError::new);
            SplitModel.FirstBlock first = cut.first(prelude, Branch.CONDITIONAL, 8, NONE);
            Tensor out = cut.later(first, 8, NONE);
            Tensor whole = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);

            assertThat(LatentMetrics.relativeL2(out, whole)).isLessThan(1e-5);
            assertThat(LatentMetrics.relativeL2(first.tokens(), prelude.tokens()))
                    .isGreaterThan(1e-3);
            assertThat(LatentMetrics.relativeL2(first.tokens(), whole)).isGreaterThan(1e-3);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void noWeightOfTheFirstBlockIsInTheOthers(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        OnnxModel trunk = checkpoint
                .graphs(
                        new FloatLinears(new FloatWeights(checkpoint)),
                        new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, Set.of()))
                .trunk();
        String layer = checkpoint.blockLinears().getFirst();
        String block = layer.substring(0, layer.indexOf(".0.") + 2);
        OnnxModel first = GraphCut.behind(trunk, block).first();

        assertThat(first.weights().keySet()).isNotEmpty().allMatch(name -> name.startsWith(block + "."));
        assertThat(first.weightBytes()).isBetween(1L, trunk.weightBytes() - 1);
    }

    @Test
    void aModelWhoseLayersAreWatchedSaysThatItCannot() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_diffusers.safetensors", 3);
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        LayerProbe probe = new LayerProbe(Set.of(checkpoint.blockLinears().getFirst()), (layer, input) -> {});
        try (DiffusionTransformer transformer =
                DiffusionTransformer.open(ORT, checkpoint, new FloatLinears(new FloatWeights(checkpoint)), probe)) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));

            assertThat(model.cutTrunk().use()).isEmpty();
            assertThat(model.cutTrunk().obstacle()).get().asString().contains("watched");
        }
    }
}
