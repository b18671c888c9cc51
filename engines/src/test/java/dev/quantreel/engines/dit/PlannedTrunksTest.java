package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.cuda.plan.PlanEngine;
import dev.quantreel.engines.runtime.cuda.plan.PlanInterpreter.Options;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole transformers of every family as plans for a GPU, carried out in host memory.
class PlannedTrunksTest {

    private static final Engine REFERENCE = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final Engine PLANNED = new PlanEngine(Options.PLAIN);
    private static final Engine FUSING = new PlanEngine(Options.FUSED);

    static Stream<TinyTransformer> transformers() {
        return Stream.concat(
                Stream.of(new TinyTransformer("wan_t2v_diffusers.safetensors", 3)),
                TransformerFamiliesTest.transformers());
    }

    @AfterAll
    static void close() {
        ORT.close();
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void aPlanGivesWhatItsGraphGives(TinyTransformer tiny) {
        LinearLayers floats = new FloatLinears(new FloatWeights(tiny.checkpoint()));

        Tensor expected = tiny.prediction(REFERENCE, floats);

        assertThat(tiny.prediction(PLANNED, floats).data().mismatch(expected.data()))
                .isEqualTo(-1);
        assertThat(LatentMetrics.relativeL2(tiny.prediction(FUSING, floats), expected))
                .isLessThan(2e-6);
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void quantizedThroughTheFusedOperatorsItStaysWithinTheirRounding(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        QuantizedWeights weights = QuantizedWeights.of(
                checkpoint,
                QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4),
                checkpoint.blockLinears(),
                QuantizationProgress.NONE,
                CancellationToken.NONE);
        Tensor fused = tiny.prediction(REFERENCE, QuantizedLinears.of(weights, Arithmetic.FUSED));

        assertThat(tiny.prediction(PLANNED, QuantizedLinears.of(weights, Arithmetic.FUSED))
                        .data()
                        .mismatch(fused.data()))
                .isEqualTo(-1);
        assertThat(LatentMetrics.relativeL2(
                        tiny.prediction(FUSING, QuantizedLinears.of(weights, Arithmetic.FUSED)), fused))
                .isLessThan(2e-3);
        assertThat(LatentMetrics.relativeL2(
                        fused, tiny.prediction(ORT, QuantizedLinears.of(weights, Arithmetic.INTEGER))))
                .isLessThan(2e-3);
    }
}
