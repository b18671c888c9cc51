package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.Euler;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whole generations with the levels, the shift and the step cache that belong to a family.
class TransformerSamplingTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));

    static Stream<Arguments> transformers() {
        return Stream.of(
                Arguments.of(new TinyTransformer("ltx_diffusers.safetensors", 2), "ltxv"),
                Arguments.of(new TinyTransformer("cogvideox2b_diffusers.safetensors", 3), "cogvideox"),
                Arguments.of(new TinyTransformer("cogvideox5b_diffusers.safetensors", 3), "cogvideox"),
                Arguments.of(new TinyTransformer("cogvideox15_diffusers.safetensors", 4), "cogvideox"),
                Arguments.of(new TinyTransformer("latte_diffusers.safetensors", 3), "latte"));
    }

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    @ParameterizedTest
    @MethodSource("transformers")
    void aCachedStepLeavesTheBlocksOutAndComesCloseToTheComputedOne(TinyTransformer tiny, String schedule) {
        TransformerFacts facts = tiny.checkpoint().facts();
        TeaCacheProfile profile = TeaCacheProfile.of(facts.forStepCaches(LatentSize.of(tiny.latent())), false);
        FlowSampler.Sampled computed = sampled(tiny, schedule, new StepCache.None());
        FlowSampler.Sampled cached = sampled(tiny, schedule, TeaCache.of(profile, 1e9));

        assertThat(computed.latent().shape()).isEqualTo(tiny.latent().shape());
        assertThat(computed.trace().steps())
                .extracting(SamplingTrace.Step::conditional)
                .containsOnly(SamplingTrace.Decision.COMPUTED);
        assertThat(cached.trace().steps())
                .extracting(SamplingTrace.Step::conditional)
                .containsExactly(
                        SamplingTrace.Decision.COMPUTED,
                        SamplingTrace.Decision.REUSED,
                        SamplingTrace.Decision.REUSED,
                        SamplingTrace.Decision.COMPUTED);
        assertThat(LatentMetrics.relativeL2(cached.latent(), computed.latent())).isBetween(1e-6, 1.0);
    }

    private static FlowSampler.Sampled sampled(TinyTransformer tiny, String schedule, StepCache cache) {
        TransformerCheckpoint checkpoint = tiny.checkpoint();
        TransformerFacts.Sampling sampling = checkpoint.facts().sampling();
        SamplerSettings settings = new SamplerSettings(
                4,
                sampling.cfg(),
                SigmaSchedule.named(schedule, sampling.shift()),
                new Euler(),
                sampling.prediction().ofSampler());
        try (DiffusionTransformer transformer =
                DiffusionTransformer.open(ENGINE, checkpoint, new FloatLinears(new FloatWeights(checkpoint)))) {
            Tensor prompt = tiny.context(12, 5);
            FlowSampler sampler =
                    new FlowSampler(transformer.bind(prompt, tiny.context(13, 4)), settings, new Constant(8), cache);
            return sampler.sample(tiny.latent(), SamplingListener.NONE, NONE);
        }
    }
}
