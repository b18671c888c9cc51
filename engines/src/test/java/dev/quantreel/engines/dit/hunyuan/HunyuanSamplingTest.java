package dev.quantreel.engines.dit.hunyuan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.FlowSampler.Sampled;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SamplingTrace.Step;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Whole generations with tiny transformers.
class HunyuanSamplingTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));
    private static final TinyTransformer TINY = new TinyTransformer("hunyuan_video_diffusers.safetensors", 2);
    private static final TinyTransformer DISTILLED =
            new TinyTransformer("hunyuan_video_15_i2v_diffusers.safetensors", 2);

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    @Test
    void teaCacheWatchesTheInputOfTheFirstBlock() {
        TransformerFacts facts = TINY.checkpoint().facts();
        TeaCacheProfile profile = TeaCacheProfile.of(facts.forStepCaches(LatentSize.of(TINY.latent())), false);
        try (DiffusionTransformer transformer = open(TINY)) {
            Sampled plain = sampled(TINY, transformer, 8, new StepCache.None());
            Sampled patient = sampled(TINY, transformer, 8, TeaCache.of(profile, 0));
            Sampled hasty = sampled(TINY, transformer, 8, TeaCache.of(profile, 1e9));

            assertThat(profile).isEqualTo(TeaCacheProfile.HUNYUAN_VIDEO);
            assertThat(patient.latent().toFloatArray()).isEqualTo(plain.latent().toFloatArray());
            assertThat(hasty.trace().steps()).extracting(Step::conditional).contains(Decision.REUSED);
        }
    }

    @Test
    void theSamplerSaysWhereTheNextStepLies() {
        try (DiffusionTransformer transformer = open(DISTILLED)) {
            Tensor latent = DISTILLED.latent();
            float[] expected = latent.toFloatArray();
            List<Float> timesteps = settings(DISTILLED, 4).levels().timesteps();
            for (int step = 0; step < timesteps.size(); step++) {
                float next = step + 1 < timesteps.size() ? timesteps.get(step + 1) : 0;
                SplitModel model = bound(DISTILLED, transformer);
                model.schedule(List.of(timesteps.get(step), next));
                SplitModel.Prelude prelude = model.prelude(
                        Tensor.of(latent.shape(), expected), timesteps.get(step), Branch.CONDITIONAL, NONE);
                float[] velocity = model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, 8, NONE), NONE)
                        .toFloatArray();
                for (int i = 0; i < expected.length; i++) {
                    expected[i] += (next - timesteps.get(step)) / 1000 * velocity[i];
                }
            }
            float[] actual = sampled(DISTILLED, transformer, 4, new StepCache.None())
                    .latent()
                    .toFloatArray();

            assertThat(actual).containsExactly(expected, Offset.offset(1e-4f));
        }
    }

    private static Sampled sampled(TinyTransformer tiny, DiffusionTransformer transformer, int steps, StepCache cache) {
        return new FlowSampler(bound(tiny, transformer), settings(tiny, steps), new Constant(8), cache)
                .sample(tiny.latent(), SamplingListener.NONE, NONE);
    }

    private static SamplerSettings settings(TinyTransformer tiny, int steps) {
        double shift = tiny.checkpoint().facts().sampling().shift();
        return new SamplerSettings(steps, 1, SigmaSchedule.named("linear", shift));
    }

    private static SplitModel bound(TinyTransformer tiny, DiffusionTransformer transformer) {
        BranchConditioning conditioning = tiny.conditioning(5, 4);
        return transformer.bind(conditioning, conditioning);
    }

    private static DiffusionTransformer open(TinyTransformer tiny) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        return DiffusionTransformer.open(ENGINE, checkpoint, new FloatLinears(new FloatWeights(checkpoint)));
    }
}
