package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.List;

/// Full precision from one prompt and noise: what methods are measured against.
///
/// @param text of the prompt
/// @param empty of the empty prompt
/// @param noise where the generation begins
/// @param trajectory its latents, with the answer of one conditional pass at each
/// @param latent where it ends
/// @param frames the decoded clip
record Reference(
        String prompt, Tensor text, Tensor empty, Tensor noise, Trajectory trajectory, Tensor latent, Frames frames) {

    /// Every prompt with every noise; no two of them share a noise.
    ///
    /// @param full the model in full precision
    static List<Reference> all(
            DemoModel model,
            DiffusionTransformer full,
            DemoBenchmark.Options options,
            DemoBenchmark.Progress progress,
            CancellationToken cancellation) {
        List<Reference> references = new ArrayList<>();
        SamplerSettings settings = options.settings(model);
        Tensor empty = model.encode("");
        for (int seed = 0; seed < options.seeds(); seed++) {
            for (String prompt : DemoBenchmark.PROMPTS.subList(0, options.prompts())) {
                progress.report("full precision reference", references.size(), options.generations());
                Tensor text = model.encode(prompt);
                Tensor noise = TorchNoise.gaussian(1000L * seed + references.size(), model.latentShape());
                Trajectory.Recorder recorder = new Trajectory.Recorder(SamplingListener.NONE);
                FlowSampler sampler =
                        new FlowSampler(full.bind(text, empty), settings, new Constant(8), new StepCache.None());
                FlowSampler.Sampled sampled = sampler.sample(noise, recorder, cancellation);
                references.add(new Reference(
                        prompt,
                        text,
                        empty,
                        noise,
                        recorder.trajectory(settings).withGuidance(full.bind(text, empty), 1, cancellation),
                        sampled.latent(),
                        model.decode(sampled.latent(), cancellation)));
            }
        }
        return references;
    }
}
