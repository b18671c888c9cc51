package dev.quantreel.engines.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.DiffusionTransformer.Form;
import dev.quantreel.engines.dit.DiffusionTransformer.Modulation;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every family in every form, run on ONNX Runtime's CPU beside what the native path computes.
class ExportedFamiliesTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));

    static Stream<TinyTransformer> families() {
        return Stream.of(
                new TinyTransformer("wan_t2v_diffusers.safetensors", 2),
                new TinyTransformer("ltx_diffusers.safetensors", 2),
                new TinyTransformer("cogvideox2b_diffusers.safetensors", 3),
                new TinyTransformer("cogvideox5b_diffusers.safetensors", 3),
                new TinyTransformer("cogvideox15_diffusers.safetensors", 4),
                new TinyTransformer("hunyuan_video_diffusers.safetensors", 3),
                new TinyTransformer("hunyuan_video_15_t2v_diffusers.safetensors", 2),
                new TinyTransformer("latte_diffusers.safetensors", 3));
    }

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    @ParameterizedTest
    @MethodSource("families")
    void formsComputeWhatTheNativePathDoes(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        QuantizedWeights weights = quantized(checkpoint, QuantizationPlan.DVD_QUANT);
        Tensor exact = native_(tiny, new FloatLinears(new FloatWeights(checkpoint)));
        Tensor integers = native_(tiny, QuantizedLinears.of(weights, Arithmetic.INTEGER));
        ExportSource source = new ExportSource(checkpoint, Optional.of(weights), LowRankBranches.NONE, true);
        for (ExportForm form : ExportForm.values()) {
            Tensor got = exported(tiny, source, ExportSettings.of(form, ComputePrecision.FP32));
            System.out.printf("%s %s: to native %.2e, to exact %.2e (native to exact %.2e)%n", tiny, form,
                LatentMetrics.relativeL2(got, integers), LatentMetrics.relativeL2(got, exact), LatentMetrics.relativeL2(integers, exact));
        }
    }

    static QuantizedWeights quantized(TransformerCheckpoint checkpoint, QuantizationPlan plan) {
        return QuantizedWeights.of(
                        checkpoint.asPlanned(plan), plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE)
                .withModulations(
                        checkpoint.architecture().modulationLinears(),
                        checkpoint.architecture()::modulationBits,
                        QuantizationProgress.NONE,
                        NONE);
    }

    private static Tensor native_(TinyTransformer tiny, LinearLayers linears) {
        return tiny.prediction(ENGINE, linears);
    }

    private static Tensor exported(TinyTransformer tiny, ExportSource source, ExportSettings settings) {
        OnnxExport.Result result = new OnnxExport(source, settings, UnaryOperator.identity(), NONE).build();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                ExportedEngine.of(ENGINE, result),
                source.checkpoint(),
                result.linears(),
                LayerProbe.NONE,
                new Form(Blocks.ONE_BRANCH, Modulation.EVERY_STEP))) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            SplitModel.Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
            return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE);
        }
    }
}
