package dev.quantreel.engines.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler.Sampled;
import dev.quantreel.engines.sampling.Guidance.Passes;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SamplingTrace.Step;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.schedule.DeltaGbs;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.Test;

/// Samplers whose branches run in one pass do what they do with two.
class GuidancePassesTest {

    private static final Tensor NOISE = TorchNoise.gaussian(1, Shape.of(1, 4, 2, 3, 3));
    private static final NoiseLevels LEVELS = new SamplerSettings(12, 3, SigmaSchedule.named("linear", 3)).levels();
    private static final StepCache NO_CACHE = new StepCache.None();

    /// Something between computing and reusing each step.
    private static final StepCache LAZY = TeaCache.of(TeaCacheProfile.IDENTITY, 0.2);

    @Test
    void bothBranchesAreOnePassOfTheTrunk() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        Sampled sampled = sample(model, Passes.BATCHED, 3, new Constant(8), NO_CACHE);

        assertThat(trunks(model)).hasSize(12).containsOnly("BOTH A8");
        assertThat(sampled.trace().trunkPasses()).as("branches computed").isEqualTo(24);
    }

    @Test
    void bitsAndCachedStepsAreThoseOfSerialPasses() {
        BitSchedule bits = DeltaGbs.of(0.3);
        FakeModel serial = new FakeModel(0.3f, 0.2f);
        FakeModel batched = new FakeModel(0.3f, 0.2f);
        Sampled inTwo = sample(serial, Passes.SERIAL, 3, bits, LAZY);
        Sampled inOne = sample(batched, Passes.BATCHED, 3, bits, LAZY);

        assertSame(inOne, inTwo);
        assertThat(inOne.trace().steps()).extracting(Step::conditional).contains(Decision.REUSED, Decision.COMPUTED);
        assertThat(inOne.trace().steps())
                .extracting(Step::activationBits)
                .as("not all steps alike")
                .contains(4, 8);
        assertThat(trunks(batched)).allMatch(call -> call.startsWith("BOTH"));
    }

    @Test
    void aStepThatOneBranchReusesRunsTheOtherAlone() {
        FakeModel serial = new FakeModel(0.3f, 0.2f);
        FakeModel batched = new FakeModel(0.3f, 0.2f);
        serial.unconditionalOffset = 700;
        batched.unconditionalOffset = 700;
        Sampled inTwo = sample(serial, Passes.SERIAL, 3, new Constant(8), LAZY);
        Sampled inOne = sample(batched, Passes.BATCHED, 3, new Constant(8), LAZY);

        assertSame(inOne, inTwo);
        assertThat(trunks(batched)).contains("BOTH A8", "CONDITIONAL A8", "UNCONDITIONAL A8");
        assertThat(trunks(serial)).hasSizeGreaterThan(trunks(batched).size());
    }

    @Test
    void withoutGuidanceThereIsOneBranch() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        sample(model, Passes.BATCHED, 1, new Constant(8), NO_CACHE);

        assertThat(trunks(model)).hasSize(12).containsOnly("CONDITIONAL A8");
    }

    @Test
    void eachExpertHasPassesOfItsOwn() {
        FakeModel high = new FakeModel(0.3f, 0.2f);
        FakeModel low = new FakeModel(0.3f, 0.2f);
        FakeModel last = new FakeModel(0.3f, 0.2f);
        new ExpertSampler(
                        List.of(
                                expert(high, new Guidance(4, Passes.BATCHED), 800),
                                expert(low, new Guidance(3, Passes.SERIAL), 400),
                                expert(last, new Guidance(1, Passes.BATCHED), 0)),
                        new Euler())
                .sample(start(), SamplingListener.NONE, CancellationToken.NONE);

        assertThat(trunks(high)).isNotEmpty().containsOnly("BOTH A8");
        assertThat(trunks(low)).isNotEmpty().containsOnly("CONDITIONAL A8", "UNCONDITIONAL A8");
        assertThat(trunks(last)).isNotEmpty().containsOnly("CONDITIONAL A8");
    }

    @Test
    void aModelThatCannotIsRefusedBeforeItsFirstStepWithTheReason() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        model.obstacle = Optional.of("its prompts are too different");

        assertThatExceptionOfType(SamplingException.class)
                .isThrownBy(() -> sample(model, Passes.BATCHED, 3, new Constant(8), NO_CACHE))
                .withMessageContainingAll("too different", "serially");
        assertThat(model.calls).isEmpty();
        sample(model, Passes.SERIAL, 3, new Constant(8), NO_CACHE);
    }

    @Test
    void cancellingStopsBeforeTheNextPass() {
        FakeModel model = new FakeModel(0.3f, 0.2f);
        CancellationToken third = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return trunks(model).size() >= 3;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };

        assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> new ExpertSampler(
                        List.of(expert(model, new Guidance(3, Passes.BATCHED), 0)), new Euler())
                .sample(start(), SamplingListener.NONE, third));
        assertThat(trunks(model)).hasSize(3);
    }

    private static void assertSame(Sampled actual, Sampled expected) {
        assertThat(actual.latent().data().mismatch(expected.latent().data())).isEqualTo(-1);
        assertThat(actual.trace().steps())
                .extracting(Step::conditional, Step::unconditional, Step::activationBits, Step::relativeL1)
                .isEqualTo(expected.trace().steps().stream()
                        .map(step -> tuple(
                                step.conditional(), step.unconditional(), step.activationBits(), step.relativeL1()))
                        .toList());
    }

    private static List<String> trunks(FakeModel model) {
        return model.calls.stream().filter(call -> call.contains(" A")).toList();
    }

    private static Sampled sample(FakeModel model, Passes passes, double cfg, BitSchedule bits, StepCache cache) {
        Expert expert = new Expert(() -> model, new Guidance(cfg, passes), bits, cache, 0);
        return new ExpertSampler(List.of(expert), new Euler())
                .sample(start(), SamplingListener.NONE, CancellationToken.NONE);
    }

    private static Expert expert(FakeModel model, Guidance guidance, double leastTimestep) {
        return new Expert(() -> model, guidance, new Constant(8), NO_CACHE, leastTimestep);
    }

    private static FlowSampler.Start start() {
        return new FlowSampler.Start(NOISE, LEVELS, TorchNoise.source(2), Optional.empty());
    }
}
