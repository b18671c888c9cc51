package dev.quantreel.engines.runtime.ort;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole transformers whose intermediate results are in memory that the host reads by copies alone, as on a GPU.
class ResidentTransformerTest {

    private static final Engine PROCESSOR = new OrtEngineProvider().create(new EngineOptions(1));

    static Stream<TinyTransformer> families() {
        return Stream.of(
                new TinyTransformer("wan_t2v_diffusers.safetensors", 2),
                new TinyTransformer("ltx_diffusers.safetensors", 2),
                new TinyTransformer("cogvideox2b_diffusers.safetensors", 3),
                new TinyTransformer("hunyuan_video_diffusers.safetensors", 3),
                new TinyTransformer("hunyuan_video_15_t2v_diffusers.safetensors", 2),
                new TinyTransformer("latte_diffusers.safetensors", 3));
    }

    @AfterAll
    static void close() {
        PROCESSOR.close();
    }

    @ParameterizedTest
    @MethodSource("families")
    void tokensStayOnTheDeviceFromThePreludeToTheHead(TinyTransformer tiny) {
        FloatLinears linears = new FloatLinears(new FloatWeights(tiny.checkpoint()));
        Engine device = new BoundTarget(BoundTarget.byCopies(false));
        try (DiffusionTransformer transformer = DiffusionTransformer.open(device, tiny.checkpoint(), linears)) {
            SplitModel model = transformer.bind(tiny.conditioning(12, 5), tiny.conditioning(13, 4));
            Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, CancellationToken.NONE);
            Tensor tokens = model.trunk(prelude, Branch.CONDITIONAL, 8, CancellationToken.NONE);
            Tensor prediction = model.head(prelude, tokens, CancellationToken.NONE);

            assertThat(prelude.tokens().residence()).isPresent();
            assertThat(tokens.residence()).isPresent();
            assertThat(prediction
                            .data()
                            .mismatch(tiny.prediction(PROCESSOR, linears).data()))
                    .isEqualTo(-1);
        }
    }

    /// With a cache, which reads tokens on the host, and without one, when they are discarded behind the head.
    @Test
    void wholeGenerationsAreThoseOfTheProcessor() {
        TinyTransformer tiny = new TinyTransformer("wan_t2v_diffusers.safetensors", 2);
        TransformerFacts facts = tiny.checkpoint().facts();
        TeaCacheProfile profile = TeaCacheProfile.of(facts.forStepCaches(LatentSize.of(tiny.latent())), false);
        for (StepCache cache : new StepCache[] {new StepCache.None(), TeaCache.of(profile, 1e9)}) {
            ResidentMemory memory = BoundTarget.byCopies(false);
            Tensor actual = sampled(new BoundTarget(memory), tiny, cache);

            assertThat(actual.data().mismatch(sampled(PROCESSOR, tiny, cache).data()))
                    .isEqualTo(-1);
        }
    }

    private static Tensor sampled(Engine engine, TinyTransformer tiny, StepCache cache) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        TransformerFacts.Sampling sampling = checkpoint.facts().sampling();
        SamplerSettings settings = new SamplerSettings(
                4,
                sampling.cfg(),
                SigmaSchedule.named("simple", sampling.shift()),
                new Euler(),
                sampling.prediction().ofSampler());
        try (DiffusionTransformer transformer =
                DiffusionTransformer.open(engine, checkpoint, new FloatLinears(new FloatWeights(checkpoint)))) {
            SplitModel model = transformer.bind(tiny.context(12, 5), tiny.context(13, 4));
            return new FlowSampler(model, settings, new Constant(8), cache)
                    .sample(tiny.latent(), SamplingListener.NONE, CancellationToken.NONE)
                    .latent();
        }
    }
}
