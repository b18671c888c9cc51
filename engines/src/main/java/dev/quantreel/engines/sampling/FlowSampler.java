package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingTrace.Elapsed;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Euler's method on a flow-matching model: x += (σ_{i+1} − σ_i) · v.
///
/// Holds no state between generations; the caches and bit schedules begin anew at each [#sample]. As thread-safe as its
// model.
///
/// @param model the transformer, bound to its conditioning
/// @param settings steps, guidance, noise levels
/// @param bits activation bits per step; of no effect on a full-precision model
/// @param cache which steps are skipped
public record FlowSampler(SplitModel model, SamplerSettings settings, BitSchedule bits, StepCache cache) {

    private static final int LATENT_RANK = 5;

    /// A finished generation.
    ///
    /// @param latent F32, shaped as the noise
    public record Sampled(Tensor latent, SamplingTrace trace) {}

    /// Generates.
    ///
    /// @param noise the latent at level 1, F32 `[1, channels, frames, height, width]`; not modified
    /// @throws java.util.concurrent.CancellationException when cancelled, within one pass of the model
    /// @throws SamplingException when the model puts out NaN or infinities
    public Sampled sample(Tensor noise, SamplingListener listener, CancellationToken cancellation) {
        if (noise.dtype() != DType.F32 || noise.shape().rank() != LATENT_RANK) {
            throw new IllegalArgumentException(
                    "the initial latent is " + noise.dtype() + noise.shape() + ", expected F32[1 x C x T x H x W]");
        }
        double[] sigmas = settings.schedule().sigmas(settings.steps());
        GuidedModel guided = new GuidedModel(model, settings, bits, cache);
        List<SamplingTrace.Step> trace = new ArrayList<>();
        Tensor latent = noise;
        for (int step = 0; step < settings.steps(); step++) {
            cancellation.throwIfCancelled();
            float timestep = settings.schedule().timestep(sigmas[step]);
            GuidedModel.Outcome outcome = guided.evaluate(step, latent, timestep, cancellation);
            listener.evaluated(step, sigmas[step], timestep, latent, outcome.velocity());
            long begin = System.nanoTime();
            Tensor clean = moved(latent, outcome.velocity(), -sigmas[step]);
            latent = moved(latent, outcome.velocity(), sigmas[step + 1] - sigmas[step]);
            trace.add(record(step, sigmas[step], timestep, outcome, System.nanoTime() - begin));
            listener.stepDone(step + 1, settings.steps(), clean);
        }
        return new Sampled(latent, new SamplingTrace(trace));
    }

    private static SamplingTrace.Step record(
            int step, double sigma, float timestep, GuidedModel.Outcome outcome, long eulerNanos) {
        Elapsed model = outcome.elapsed();
        Elapsed elapsed = new Elapsed(
                model.preludeNanos(), model.trunkNanos(), model.headNanos(), model.samplerNanos() + eulerNanos);
        return new SamplingTrace.Step(
                step,
                sigma,
                timestep,
                outcome.activationBits(),
                outcome.relativeL1(),
                outcome.conditional(),
                outcome.unconditional(),
                elapsed);
    }

    private static Tensor moved(Tensor latent, Tensor velocity, double distance) {
        if (!velocity.shape().equals(latent.shape())) {
            throw new IllegalArgumentException(
                    "the model returned " + velocity.shape() + " for a latent of " + latent.shape());
        }
        Tensor result = Tensor.zeros(DType.F32, latent.shape());
        MemorySegment to = result.data();
        float factor = (float) distance;
        for (long at = 0; at < to.byteSize(); at += Float.BYTES) {
            float x = latent.data().get(Tensor.FLOAT, at);
            to.set(Tensor.FLOAT, at, x + factor * velocity.data().get(Tensor.FLOAT, at));
        }
        return result;
    }
}
