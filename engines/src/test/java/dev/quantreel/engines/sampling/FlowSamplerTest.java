package dev.quantreel.engines.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.sampling.FlowSampler.Sampled;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SamplingTrace.Step;
import dev.quantreel.engines.schedule.Alternating;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.schedule.Manual;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlowSamplerTest {

    private static final Tensor NOISE = TorchNoise.gaussian(1, Shape.of(1, 4, 2, 3, 3));
    private static final BitSchedule A8 = new Constant(8);
    private static final StepCache NO_CACHE = new StepCache.None();

    @ParameterizedTest
    @CsvSource({"euler_shift7_n10, linear, 7, 10", "euler_shift3_n4, normal, 3, 4"})
    void everyStepMatchesTheReferenceEuler(String golden, String schedule, double shift, int steps) {
        try (SafetensorsFile file = GoldenResource.open("schedulers.safetensors")) {
            float[] expected = file.tensor(golden + ".x").toFloatArray();
            SamplerSettings settings = new SamplerSettings(steps, 1, SigmaSchedule.named(schedule, shift));
            List<Tensor> seen = new ArrayList<>();
            Sampled result = new FlowSampler(new FakeModel(0.3f, 0), settings, A8, NO_CACHE)
                    .sample(
                            file.tensor("x0"),
                            new SamplingListener() {
                                @Override
                                public void evaluated(int step, double sigma, float time, Tensor latent, Tensor v) {
                                    seen.add(latent);
                                }
                            },
                            CancellationToken.NONE);
            seen.add(result.latent());
            for (int step = 0; step < steps; step++) {
                float[] latent = seen.get(step + 1).toFloatArray();
                for (int i = 0; i < latent.length; i++) {
                    assertThat(latent[i]).isCloseTo(expected[step * latent.length + i], within(1e-5f));
                }
            }
        }
    }

    @Test
    void guidanceMovesFromTheUnconditionalOutputTowardsTheConditional() {
        // Blocks multiply by 0.5 and 0.1: guided by 3 the output is (0.1 + 3 * 0.4) x + sin.
        Tensor guided =
                sample(new FakeModel(0.5f, 0.1f), settings(6, 3), A8, NO_CACHE).latent();
        Tensor single =
                sample(new FakeModel(1.3f, 9f), settings(6, 1), A8, NO_CACHE).latent();
        assertThat(LatentMetrics.relativeL2(guided, single)).isLessThan(1e-6);
    }

    @Test
    void withoutGuidanceTheUnconditionalPassIsLeftOut() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        SamplingTrace trace = sample(model, settings(3, 1), A8, NO_CACHE).trace();
        assertThat(model.calls)
                .containsExactly(
                        "prelude CONDITIONAL",
                        "CONDITIONAL A8",
                        "head",
                        "prelude CONDITIONAL",
                        "CONDITIONAL A8",
                        "head",
                        "prelude CONDITIONAL",
                        "CONDITIONAL A8",
                        "head");
        assertThat(trace.steps()).extracting(Step::unconditional).containsOnly(Decision.ABSENT);
        assertThat(trace.trunkPasses()).isEqualTo(3);
    }

    @Test
    void bothBranchesHaveTheBitsOfTheSchedule() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        SamplingTrace trace = sample(model, settings(3, 2), new Manual(List.of(8, 4, 6)), NO_CACHE)
                .trace();
        assertThat(model.calls.stream().filter(call -> call.contains(" A")))
                .containsExactly(
                        "CONDITIONAL A8",
                        "UNCONDITIONAL A8",
                        "CONDITIONAL A4",
                        "UNCONDITIONAL A4",
                        "CONDITIONAL A6",
                        "UNCONDITIONAL A6");
        assertThat(trace.steps()).extracting(Step::activationBits).containsExactly(8, 4, 6);
        assertThat(trace.meanActivationBits()).isEqualTo(6);
    }

    @Test
    void theTraceTellsSigmaTimestepAndTheChangeOfTheOutput() {
        List<Tensor> velocities = new ArrayList<>();
        SamplerSettings settings = settings(4, 2);
        Sampled result = new FlowSampler(new FakeModel(0.3f, 0.2f), settings, A8, NO_CACHE)
                .sample(
                        NOISE,
                        new SamplingListener() {
                            @Override
                            public void evaluated(int step, double sigma, float time, Tensor latent, Tensor v) {
                                velocities.add(v);
                            }
                        },
                        CancellationToken.NONE);
        double[] sigmas = settings.schedule().sigmas(4);
        for (int i = 0; i < 4; i++) {
            Step step = result.trace().steps().get(i);
            assertThat(step.sigma()).isEqualTo(sigmas[i]);
            assertThat(step.timestep()).isEqualTo((float) (1000 * sigmas[i]));
            if (i > 0) {
                assertThat(step.relativeL1())
                        .isEqualTo(LatentMetrics.relativeL1(velocities.get(i), velocities.get(i - 1)));
            }
        }
        assertThat(result.trace().steps().getFirst().relativeL1()).isNaN();
        assertThat(result.trace().relativeL1Curve()).hasSize(3);
        assertThat(result.trace().elapsedNanos()).isPositive();
    }

    @Test
    void aReusedStepAppliesTheLastChangeOfEachBranchAndAsksNoBits() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        TeaCache everything = TeaCache.of(TeaCacheProfile.IDENTITY, 1e9);
        SamplingTrace trace =
                sample(model, settings(4, 2), new Alternating(4, 8), everything).trace();
        assertThat(trace.steps())
                .extracting(Step::conditional)
                .containsExactly(Decision.COMPUTED, Decision.REUSED, Decision.REUSED, Decision.COMPUTED);
        assertThat(trace.steps())
                .extracting(Step::unconditional)
                .containsExactly(Decision.COMPUTED, Decision.REUSED, Decision.REUSED, Decision.COMPUTED);
        assertThat(trace.steps()).extracting(Step::activationBits).containsExactly(8, 0, 0, 4);
        assertThat(trace.trunkPasses()).isEqualTo(4);
        assertThat(trace.reusedPasses()).isEqualTo(4);
        assertThat(trace.meanActivationBits()).isEqualTo(6);
        // The head runs at every step, or the output could not change.
        assertThat(model.calls.stream().filter("head"::equals)).hasSize(8);
    }

    @Test
    void theReusedOutputIsTheInputPlusTheLastChange() {
        // Step 0 computes 0.3 x0, a change of -0.7 x0; step 1 reuses it on x1; the head adds the time's part.
        List<Tensor> latents = new ArrayList<>();
        List<Tensor> velocities = new ArrayList<>();
        new FlowSampler(new FakeModel(0.3f, 0), settings(3, 1), A8, TeaCache.of(TeaCacheProfile.IDENTITY, 1e9))
                .sample(
                        NOISE,
                        new SamplingListener() {
                            @Override
                            public void evaluated(int step, double sigma, float time, Tensor latent, Tensor v) {
                                latents.add(latent);
                                velocities.add(v);
                            }
                        },
                        CancellationToken.NONE);
        float time = (float) (1000 * settings(3, 1).schedule().sigmas(3)[1]);
        float[] first = latents.get(0).toFloatArray();
        float[] second = latents.get(1).toFloatArray();
        float[] reused = velocities.get(1).toFloatArray();
        for (int i = 0; i < reused.length; i++) {
            float expected = second[i] - 0.7f * first[i] + 0.1f * (float) Math.sin(time / 100);
            assertThat(reused[i]).isCloseTo(expected, within(1e-5f));
        }
    }

    @Test
    void aThresholdOfZeroReproducesTheUncachedLatentExactly() {
        Tensor plain =
                sample(new FakeModel(0.3f, 0.2f), settings(5, 2), A8, NO_CACHE).latent();
        Tensor cached = sample(new FakeModel(0.3f, 0.2f), settings(5, 2), A8, TeaCache.of(TeaCacheProfile.IDENTITY, 0))
                .latent();
        assertThat(cached.data().mismatch(plain.data())).isEqualTo(-1);
    }

    @Test
    void stateBelongsToOneGeneration() {
        FlowSampler sampler = new FlowSampler(
                new FakeModel(0.3f, 0.2f),
                settings(8, 2),
                DeltaGbs.of(0.2),
                TeaCache.of(TeaCacheProfile.IDENTITY, 0.3));
        Sampled first = sampler.sample(NOISE, SamplingListener.NONE, CancellationToken.NONE);
        Sampled second = sampler.sample(NOISE, SamplingListener.NONE, CancellationToken.NONE);
        assertThat(second.latent().data().mismatch(first.latent().data())).isEqualTo(-1);
        assertThat(second.trace().steps().stream().map(Step::activationBits))
                .containsExactlyElementsOf(
                        first.trace().steps().stream().map(Step::activationBits).toList());
    }

    @Test
    void progressCountsStepsAndPreviewsTheCleanLatent() {
        List<String> progress = new ArrayList<>();
        List<Tensor> previews = new ArrayList<>();
        Sampled result = new FlowSampler(new FakeModel(0.3f, 0), settings(3, 1), A8, NO_CACHE)
                .sample(
                        NOISE,
                        new SamplingListener() {
                            @Override
                            public void stepDone(int done, int total, Tensor preview) {
                                progress.add(done + "/" + total);
                                previews.add(preview);
                            }
                        },
                        CancellationToken.NONE);
        assertThat(progress).containsExactly("1/3", "2/3", "3/3");
        assertThat(LatentMetrics.relativeL2(previews.getLast(), result.latent()))
                .as("the last estimate is the result")
                .isLessThan(1e-6);
    }

    @Test
    void cancellationStopsBetweenPasses() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        CancellationToken afterFirstTrunk = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return model.calls.contains("CONDITIONAL A8");
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> new FlowSampler(model, settings(5, 2), A8, NO_CACHE)
                        .sample(NOISE, SamplingListener.NONE, afterFirstTrunk));
        assertThat(model.calls).doesNotContain("UNCONDITIONAL A8");
    }

    @Test
    void nanFromTheModelStopsWithTheStep() {
        FakeModel model = new FakeModel(0.3f, 0);
        model.spoiler = velocity -> {
            if (model.calls.stream().filter("head"::equals).count() == 2) {
                velocity.data().set(Tensor.FLOAT, 4 * 17, Float.NaN);
            }
            return velocity;
        };
        assertThatExceptionOfType(SamplingException.class)
                .isThrownBy(() -> sample(model, settings(4, 1), A8, NO_CACHE))
                .withMessageContaining("step 1: NaN at element 17 of the model output");
    }

    @Test
    void unusableInputsAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new FlowSampler(new FakeModel(1, 1), settings(4, 1), A8, NO_CACHE)
                        .sample(
                                Tensor.zeros(NOISE.dtype(), Shape.of(4, 4)),
                                SamplingListener.NONE,
                                CancellationToken.NONE))
                .withMessageContaining("[4x4]");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        sample(new FakeModel(1, 1), settings(4, 1), A8, TeaCache.of(TeaCacheProfile.HUNYUAN_VIDEO)))
                .withMessageContaining("modulated input");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> sample(new FakeModel(1, 1), settings(4, 1), new Manual(List.of(8, 4)), NO_CACHE))
                .withMessageContaining("2 entries, the sampler runs 4 steps");
    }

    @Test
    void teacherForcingComparesAtTheReferenceLatents() {
        SamplerSettings settings = settings(6, 2);
        Trajectory.Recorder recorder = new Trajectory.Recorder(SamplingListener.NONE);
        new FlowSampler(new FakeModel(0.3f, 0.2f), settings, A8, NO_CACHE)
                .sample(NOISE, recorder, CancellationToken.NONE);
        Trajectory reference = recorder.trajectory(settings);

        Trajectory.Deviation same = reference.deviationOf(new FakeModel(0.3f, 0.2f), A8, CancellationToken.NONE);
        assertThat(same.relativeL2()).hasSize(6).containsOnly(0.0);

        FakeModel scaled = new FakeModel(0.3f, 0.2f);
        scaled.spoiler = velocity -> {
            float[] values = velocity.toFloatArray();
            for (int i = 0; i < values.length; i++) {
                values[i] *= 1.25f;
            }
            return Tensor.of(velocity.shape(), values);
        };
        Trajectory.Deviation off = reference.deviationOf(scaled, new Alternating(4, 8), CancellationToken.NONE);
        assertThat(off.relativeL2()).allSatisfy(error -> assertThat(error).isCloseTo(0.25, within(1e-5)));
        assertThat(off.relativeL1()).allSatisfy(error -> assertThat(error).isCloseTo(0.25, within(1e-5)));
        assertThat(off.cosine()).hasSize(6).allSatisfy(cosine -> assertThat(cosine)
                .isCloseTo(1, within(1e-6)));
        assertThat(off.meanRelativeL2()).isCloseTo(0.25, within(1e-5));
        assertThat(off.activationBits()).containsExactly(8, 4, 8, 4, 8, 4);
        assertThat(off.meanActivationBits()).isEqualTo(6);
        assertThatIllegalArgumentException().isThrownBy(() -> recorder.trajectory(settings(7, 2)));
    }

    private static SamplerSettings settings(int steps, double cfg) {
        return new SamplerSettings(steps, cfg, new SigmaSchedule.Linear(3));
    }

    private static Sampled sample(SplitModel model, SamplerSettings settings, BitSchedule bits, StepCache cache) {
        return new FlowSampler(model, settings, bits, cache)
                .sample(NOISE, SamplingListener.NONE, CancellationToken.NONE);
    }
}
