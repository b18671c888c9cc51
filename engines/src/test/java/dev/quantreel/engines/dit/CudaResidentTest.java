package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.cuda.CudaEngine;
import dev.quantreel.engines.runtime.cuda.SimulatedEngine;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator;
import dev.quantreel.engines.runtime.cuda.simulator.HostSimulator.Copied;
import dev.quantreel.engines.sampling.Euler;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.SplitModel.Prelude;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What leaves the device while a model is sampled by the engine `cuda`, counted in bytes on the host simulator.
class CudaResidentTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final String STAYS = "attention=bf16 offload=never resident=1";
    private static final String LEAVES = "attention=bf16 offload=never resident=1g";

    private static final long SMALL = 8192;

    private HostSimulator simulator;

    @BeforeEach
    void start() {
        simulator = HostSimulator.start();
    }

    @AfterEach
    void stop() {
        simulator.close();
    }

    static Stream<TinyTransformer> families() {
        return Stream.of(
                new TinyTransformer("wan_t2v_diffusers.safetensors", 2),
                new TinyTransformer("ltx_diffusers.safetensors", 2),
                new TinyTransformer("hunyuan_video_diffusers.safetensors", 3),
                new TinyTransformer("hunyuan_video_15_t2v_diffusers.safetensors", 2));
    }

    private static Tensor sampled(CudaEngine engine, TinyTransformer tiny, StepCache cache, int steps) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        TransformerFacts.Sampling sampling = checkpoint.facts().sampling();
        SamplerSettings settings = new SamplerSettings(
                steps,
                Math.max(2, sampling.cfg()),
                SigmaSchedule.named("simple", sampling.shift()),
                new Euler(),
                sampling.prediction().ofSampler());
        try (DiffusionTransformer transformer =
                DiffusionTransformer.open(engine, checkpoint, new FloatLinears(new FloatWeights(checkpoint)))) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            return new FlowSampler(model, settings, new Constant(8), cache)
                    .sample(tiny.latent(), SamplingListener.NONE, NONE)
                    .latent();
        }
    }

    /// What one more step copies.
    private Copied perStep(String settings, TinyTransformer tiny) {
        try (CudaEngine engine = SimulatedEngine.open(settings)) {
            Copied[] counted = new Copied[3];
            counted[0] = simulator.copied();
            for (int i = 1; i <= 2; i++) {
                sampled(engine, tiny, new StepCache.None(), 2 + 2 * i);
                counted[i] = simulator.copied();
            }
            Copied more = counted[2].since(counted[1]);
            Copied less = counted[1].since(counted[0]);
            return new Copied(
                    (more.up() - less.up()) / 2, (more.down() - less.down()) / 2, more.within() - less.within());
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void aStepCopiesLatentsAndPredictionsAlone(TinyTransformer tiny) {
        Copied stays = perStep(STAYS, tiny);
        Copied leaves = perStep(LEAVES, tiny);
        long latent = tiny.latent().data().byteSize();

        // Latents for each branch, a timestep and what else is a few numbers.
        assertThat(stays.up()).isLessThan(2 * latent + SMALL);
        assertThat(stays.down()).isEqualTo(2 * latent);
        assertThat(leaves.up()).isGreaterThan(stays.up() + 2 * latent);
        assertThat(leaves.down()).isGreaterThan(stays.down() + latent);
    }

    @Test
    void wholeGenerationsHaveTheSameBitsWhereverResultsLie() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_diffusers.safetensors", 2);
        TransformerFacts facts = tiny.checkpoint().facts();
        TeaCacheProfile profile = TeaCacheProfile.of(facts.forStepCaches(LatentSize.of(tiny.latent())), false);
        for (StepCache cache : new StepCache[] {new StepCache.None(), TeaCache.of(profile, 1e9)}) {
            try (CudaEngine stays = SimulatedEngine.open(STAYS);
                    CudaEngine leaves = SimulatedEngine.open(LEAVES)) {
                Tensor actual = sampled(stays, tiny, cache, 5);

                assertThat(actual.data()
                                .mismatch(sampled(leaves, tiny, cache, 5).data()))
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void aResultIsReadableAfterItsArenaWasUsedAgainItsSessionClosedAndItsEngineGone() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_diffusers.safetensors", 2);
        FloatLinears linears = new FloatLinears(new FloatWeights(tiny.checkpoint()));
        Tensor first;
        Tensor second;
        Tensor third;
        float[] expected;
        try (CudaEngine engine = SimulatedEngine.open(STAYS)) {
            try (DiffusionTransformer transformer = DiffusionTransformer.open(engine, tiny.checkpoint(), linears)) {
                SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
                Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
                first = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
                Tensor other = model.trunk(prelude, Branch.UNCONDITIONAL, 8, NONE);
                second = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
                third = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
                expected = third.toFloatArray();
                assertThat(first.residence()).isPresent();
                assertThat(first.toFloatArray()).isEqualTo(expected).isNotEqualTo(other.toFloatArray());
                assertThat(first.residence()).isEmpty();
            }
        }
        assertThat(second.toFloatArray()).isEqualTo(expected);
    }

    @Test
    void resultsMakeRoomForWhatARunNeeds() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_diffusers.safetensors", 2);
        FloatLinears linears = new FloatLinears(new FloatWeights(tiny.checkpoint()));
        try (CudaEngine engine = SimulatedEngine.open(STAYS);
                DiffusionTransformer transformer = DiffusionTransformer.open(engine, tiny.checkpoint(), linears)) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
            Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
            long held = engine.heldBytes();
            model.trunk(prelude, Branch.CONDITIONAL, 8, NONE);
            assertThat(engine.heldBytes()).isEqualTo(held + tokens.shape().elements() * Float.BYTES);

            tokens.discard();

            assertThat(engine.heldBytes()).isEqualTo(held);
        }
    }
}
