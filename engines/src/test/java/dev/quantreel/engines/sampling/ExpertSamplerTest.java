package dev.quantreel.engines.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SamplingTrace.Step;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpertSamplerTest {

    private static final Tensor NOISE = TorchNoise.gaussian(1, Shape.of(1, 4, 2, 3, 3));
    private static final NoiseLevels LEVELS = new SigmaSchedule.Linear(1).levels(10, Prediction.FLOW);

    private final List<String> events = new ArrayList<>();

    @Test
    void theFirstExpertHasTheNoisyStepsAndIsReleasedBeforeTheSecondOpens() {
        FakeModel high = new FakeModel(0.3f, 0.2f);
        FakeModel low = new FakeModel(0.3f, 0.2f);
        SamplingTrace trace =
                sample(expert("high", high, 4, 650), expert("low", low, 1, 0)).trace();

        assertThat(events).containsExactly("open high", "release high", "open low", "release low");
        // Times 1000, 900, 800, 700 are the first's.
        assertThat(high.calls.stream().filter(call -> call.startsWith("CONDITIONAL")))
                .hasSize(4);
        assertThat(high.calls.stream().filter(call -> call.startsWith("UNCONDITIONAL")))
                .hasSize(4);
        assertThat(low.calls.stream().filter(call -> call.startsWith("CONDITIONAL")))
                .hasSize(6);
        assertThat(low.calls).as("its own cfg of 1").noneMatch(call -> call.contains("UNCONDITIONAL"));
        assertThat(trace.relativeL1Curve())
                .as("known across the change of models")
                .allMatch(Double::isFinite);
    }

    @Test
    void anExpertIsToldItsOwnTimestepsAndAskedForThoseAlone() {
        FakeModel high = new FakeModel(0.3f, 0.2f);
        FakeModel middle = new FakeModel(0.3f, 0.2f);
        FakeModel low = new FakeModel(0.3f, 0.2f);
        sample(expert("high", high, 1, 650), expert("middle", middle, 1, 300), expert("low", low, 1, 0));

        // A time that equals the boundary, 300 here, is the earlier expert's.
        assertThat(high.ownTimesteps).containsExactly(1000f, 900f, 800f, 700f);
        assertThat(middle.ownTimesteps).containsExactly(600f, 500f, 400f, 300f);
        assertThat(low.ownTimesteps).containsExactly(200f, 100f);
        for (FakeModel model : List.of(high, middle, low)) {
            assertThat(model.allTimesteps).isEqualTo(LEVELS.timesteps()).hasSize(10);
            assertThat(model.askedTimesteps).isEqualTo(model.ownTimesteps);
        }
    }

    @Test
    void aModelThatRunsAloneOwnsAllTimesteps() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        sample(expert("one", model, 1, 0));

        assertThat(model.ownTimesteps).isEqualTo(LEVELS.timesteps()).isEqualTo(model.askedTimesteps);
    }

    @ParameterizedTest
    @ValueSource(strings = {"euler", "wan_unipc", "wan_dpmpp", "uni_pc", "dpmpp_2m"})
    void twoEqualExpertsAreOneModel(String solver) {
        Expert high = expert("high", new FakeModel(0.3f, 0.2f), 3, 650);
        Expert low = expert("low", new FakeModel(0.3f, 0.2f), 3, 0);
        SamplerSettings settings =
                new SamplerSettings(10, 3, new SigmaSchedule.Linear(1), Solver.named(solver), Prediction.FLOW);
        Tensor one = new FlowSampler(new FakeModel(0.3f, 0.2f), settings, new Constant(8), new StepCache.None())
                .sample(NOISE, SamplingListener.NONE, CancellationToken.NONE)
                .latent();

        Tensor two = new ExpertSampler(List.of(high, low), Solver.named(solver))
                .sample(start(Optional.empty()), SamplingListener.NONE, CancellationToken.NONE)
                .latent();
        assertThat(two.data().mismatch(one.data())).isEqualTo(-1);
    }

    @Test
    void cachesAndBitsBeginAnewWithAnExpert() {
        StepCache everything = TeaCache.of(TeaCacheProfile.IDENTITY, 1e9);
        DeltaGbs lazy = DeltaGbs.of(1e9);
        FakeModel low = new FakeModel(0.3f, 0.2f);
        List<Step> steps = new ExpertSampler(
                        List.of(
                                new Expert(
                                        source("high", new FakeModel(0.3f, 0)),
                                        Guidance.serial(1),
                                        lazy,
                                        new StepCache.None(),
                                        650),
                                new Expert(source("low", low), Guidance.serial(1), lazy, everything, 0)),
                        new Euler())
                .sample(start(Optional.empty()), SamplingListener.NONE, CancellationToken.NONE)
                .trace()
                .steps();

        assertThat(steps.get(3).activationBits()).isEqualTo(4);
        assertThat(steps.get(4).activationBits()).as("first step of the second").isEqualTo(8);
        assertThat(steps.get(4).conditional()).isEqualTo(Decision.COMPUTED);
        assertThat(steps.get(5).conditional()).isEqualTo(Decision.REUSED);
    }

    @Test
    void knownFramesAreWhatTheModelSeesAndWhatComesOut() {
        Tensor given = TorchNoise.gaussian(7, Shape.of(1, 4, 1, 3, 3));
        KnownFrames known = new KnownFrames(given, 1);
        List<Tensor> seen = new ArrayList<>();
        SamplingListener listener = new SamplingListener() {
            @Override
            public void evaluated(int step, double sigma, float timestep, Tensor latent, Tensor velocity) {
                seen.add(latent);
            }
        };
        Tensor end = new ExpertSampler(List.of(expert("one", new FakeModel(0.3f, 0), 1, 0)), Multistep.uniPcOfWan())
                .sample(start(Optional.of(known)), listener, CancellationToken.NONE)
                .latent();

        seen.add(end);
        assertThat(seen).hasSize(11).allSatisfy(latent -> {
            assertThat(known.in(latent).data().mismatch(latent.data())).isEqualTo(-1);
            assertThat(latent.data().mismatch(NOISE.data())).isNotEqualTo(-1);
        });
    }

    @Test
    void aFailingModelIsReleased() {
        FakeModel failing = new FakeModel(0.3f, 0);
        failing.spoiler = velocity -> {
            throw new IllegalStateException("broken");
        };
        assertThat(catchThrowable(() -> sample(expert("one", failing, 1, 0)))).hasMessage("broken");
        assertThat(events).containsExactly("open one", "release one");
        assertThatIllegalArgumentException().isThrownBy(() -> new ExpertSampler(List.of(), new Euler()));
    }

    private FlowSampler.Sampled sample(Expert... experts) {
        return new ExpertSampler(List.of(experts), new Euler())
                .sample(start(Optional.empty()), SamplingListener.NONE, CancellationToken.NONE);
    }

    private static FlowSampler.Start start(Optional<KnownFrames> known) {
        return new FlowSampler.Start(NOISE, LEVELS, TorchNoise.source(2), known);
    }

    private Expert expert(String name, SplitModel model, double cfg, double leastTimestep) {
        return new Expert(
                source(name, model), Guidance.serial(cfg), new Constant(8), new StepCache.None(), leastTimestep);
    }

    private Expert.Source source(String name, SplitModel model) {
        return new Expert.Source() {
            @Override
            public SplitModel open() {
                events.add("open " + name);
                return model;
            }

            @Override
            public void release() {
                events.add("release " + name);
            }
        };
    }
}
