package dev.quantreel.engines.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.wan.TinyWan;
import dev.quantreel.engines.quant.ActivationStatistics.LayerStatistics;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelfCalibrationTest {

    private static final SamplerSettings SETTINGS = new SamplerSettings(2, 3, new SigmaSchedule.Linear(3));
    private static final Shape LATENT = Shape.of(1, 16, 2, 4, 6);

    private final TransformerCheckpoint checkpoint = TransformerCheckpoint.of(TinyWan.comfy());
    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @AfterEach
    void close() {
        engine.close();
    }

    private static Trajectories trajectories(int count) {
        BranchConditioning empty = BranchConditioning.of(TinyWan.random(9, 1, 12, 32));
        return new Trajectories(
                List.of(
                        new Trajectories.Prompt(BranchConditioning.of(TinyWan.random(1, 1, 12, 32)), empty),
                        new Trajectories.Prompt(BranchConditioning.of(TinyWan.random(2, 1, 12, 32)), empty)),
                SETTINGS,
                LATENT,
                count,
                40);
    }

    private SelfCalibration calibration(long budgetBytes, SelfCalibration.Progress progress) {
        return SelfCalibration.of(
                new SelfCalibration.Model(engine, checkpoint, checkpoint.blockLinears()),
                trajectories(2),
                budgetBytes,
                progress,
                CancellationToken.NONE);
    }

    /// The sums over everything that a layer is given, in double precision.
    private double[] direct(String layer, float[] absMax) {
        int n = absMax.length;
        double[] gram = new double[n * n];
        LayerProbe probe = new LayerProbe(Set.of(layer), (name, input) -> {
            float[] x = input.toFloatArray();
            for (int row = 0; row < x.length; row += n) {
                for (int i = 0; i < n; i++) {
                    absMax[i] = Math.max(absMax[i], Math.abs(x[row + i]));
                    for (int j = 0; j < n; j++) {
                        gram[i * n + j] += (double) x[row + i] * x[row + j];
                    }
                }
            }
        });
        try (DiffusionTransformer transformer =
                DiffusionTransformer.open(engine, checkpoint, new FloatLinears(new FloatWeights(checkpoint)), probe)) {
            for (int i = 0; i < 2; i++) {
                Trajectories.Prompt prompt = trajectories(2).prompts().get(i);
                new FlowSampler(
                                transformer.bind(prompt.conditional(), prompt.unconditional()),
                                SETTINGS,
                                new Constant(8),
                                new StepCache.None())
                        .sample(TorchNoise.gaussian(40 + i, LATENT), SamplingListener.NONE, CancellationToken.NONE);
            }
        }
        return gram;
    }

    @Test
    void sumsAreThoseOfEveryTokenThatALayerWasGiven() {
        SelfCalibration calibration = calibration(Long.MAX_VALUE, SelfCalibration.Progress.NONE);
        for (String layer : List.of("blocks.1.self_attn.q", "blocks.0.ffn.2", "blocks.1.cross_attn.k")) {
            LayerStatistics statistics = calibration.of(layer).orElseThrow();
            Matrix gram = statistics.gram();
            float[] absMax = new float[gram.rows()];
            double[] expected = direct(layer, absMax);
            double scale = 0;
            for (int i = 0; i < gram.rows(); i++) {
                scale = Math.max(scale, expected[i * gram.rows() + i]);
            }
            for (int i = 0; i < expected.length; i++) {
                assertThat((double) gram.values()[i]).isCloseTo(expected[i], within(1e-5 * scale));
            }
            assertThat(statistics.absMax()).isEqualTo(absMax);
        }
        assertThat(calibration.passes()).isEqualTo(1);
        // Two trajectories, two steps, two branches of 12 tokens.
        assertThat(calibration.of("blocks.0.ffn.0").orElseThrow().tokens()).isEqualTo(2 * 2 * 2 * 12);
    }

    @Test
    void layersThatReadTheSameActivationShareItsStatistics() {
        SelfCalibration calibration = calibration(Long.MAX_VALUE, SelfCalibration.Progress.NONE);
        assertThat(calibration.of("blocks.0.self_attn.k")).isEqualTo(calibration.of("blocks.0.self_attn.q"));
        assertThat(calibration.of("blocks.0.self_attn.o")).isNotEqualTo(calibration.of("blocks.0.self_attn.q"));
        assertThat(calibration.of("blocks.1.self_attn.q")).isNotEqualTo(calibration.of("blocks.0.self_attn.q"));
        assertThat(calibration.of("head")).isEmpty();
    }

    @Test
    void aSmallBudgetTakesMorePassesAndGivesTheSameSums() {
        SelfCalibration wide = calibration(Long.MAX_VALUE, SelfCalibration.Progress.NONE);
        SelfCalibration narrow = calibration(1, SelfCalibration.Progress.NONE);
        Set<LayerStatistics> different = new HashSet<>();
        for (String layer : checkpoint.blockLinears()) {
            different.add(narrow.of(layer).orElseThrow());
        }
        for (LayerStatistics statistics : different) {
            assertThat(statistics.gram().rows()).isPositive();
        }
        String layer = "blocks.1.ffn.2";
        assertThat(narrow.of(layer).orElseThrow().gram())
                .isEqualTo(wide.of(layer).orElseThrow().gram());
        assertThat(wide.passes()).isEqualTo(1);
        assertThat(different).hasSize(narrow.inputs());
        assertThat(narrow.passes()).isBetween(different.size(), different.size() + 1);
    }

    @Test
    void largestValuesAloneTakeOnePass() {
        SelfCalibration calibration = calibration(1, SelfCalibration.Progress.NONE);
        for (String layer : checkpoint.blockLinears()) {
            assertThat(calibration.of(layer).orElseThrow().absMax())
                    .hasSize((int) checkpoint.shape(layer + ".weight").dim(1));
        }
        assertThat(calibration.passes()).isEqualTo(1);
    }

    @Test
    void nothingRunsBeforeItIsAskedForAndProgressCountsEveryStep() {
        List<String> heard = new ArrayList<>();
        SelfCalibration calibration =
                calibration(Long.MAX_VALUE, (pass, done, total) -> heard.add(pass + ":" + done + "/" + total));
        assertThat(calibration.of("blocks.0.ffn.0")).isPresent();
        assertThat(heard).isEmpty();
        calibration.of("blocks.0.ffn.0").orElseThrow().gram();
        assertThat(heard).containsExactly("1:1/4", "1:2/4", "1:3/4", "1:4/4");
    }

    @Test
    void aTrajectoryStopsWhenCancelled() {
        AtomicBoolean stopped = new AtomicBoolean();
        CancellationToken token = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return stopped.get();
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
        SelfCalibration calibration = SelfCalibration.of(
                new SelfCalibration.Model(engine, checkpoint, checkpoint.blockLinears()),
                trajectories(2),
                (pass, done, total) -> stopped.set(true),
                token);
        LayerStatistics statistics = calibration.of("blocks.0.ffn.0").orElseThrow();
        assertThatExceptionOfType(CancellationException.class).isThrownBy(statistics::gram);
        assertThat(calibration.passes()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "hunyuan_video_diffusers.safetensors, 3",
        "hunyuan_video_15_t2v_diffusers.safetensors, 2",
        "cogvideox2b_diffusers.safetensors, 3",
        "ltx_diffusers.safetensors, 2"
    })
    void everyBlockLinearOfEveryFamilyIsWatched(String file, int frames) {
        TransformerCheckpoint tiny = new TinyTransformer(file, frames).checkpoint();
        List<List<String>> shared = SharedInputs.of(tiny);
        assertThat(shared.stream().flatMap(List::stream)).containsAll(tiny.blockLinears());
        for (List<String> readers : shared) {
            assertThat(readers.stream()
                            .map(layer -> tiny.shape(layer + ".weight").dim(1)))
                    .containsOnly(tiny.shape(readers.getFirst() + ".weight").dim(1));
        }
    }

    @Test
    void gptqWithoutStatisticsIsRefusedByName() {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.Gptq(), 4);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> QuantizedWeights.of(
                        checkpoint, plan, checkpoint.blockLinears(), QuantizationProgress.NONE, CancellationToken.NONE))
                .withMessageContaining("no")
                .withMessageContaining("blocks.0.self_attn.q")
                .withMessageContaining("Self Calibration");
    }

    @Test
    void aPromptAndATrajectoryAreTheLeast() {
        assertThatIllegalArgumentException().isThrownBy(() -> trajectories(0)).withMessageContaining("at least one");
    }
}
