package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.Observation;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.FlowSampler.Sampled;
import dev.quantreel.engines.sampling.SamplingTrace.Elapsed;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Follows several models in turn from noise to a clean latent. The solver's history runs on when the model changes, as
/// in Wan 2.2's own code; caches and bit schedules belong to their expert and begin with it.
///
/// @param experts in the order in which the noise falls; the last runs to the end
/// @param solver numerical method
public record ExpertSampler(List<Expert> experts, Solver solver) {

    public ExpertSampler {
        experts = List.copyOf(experts);
        if (experts.isEmpty()) {
            throw new IllegalArgumentException("no model to sample with");
        }
    }

    /// Generates from where it is told to start.
    ///
    /// @throws java.util.concurrent.CancellationException when cancelled, within one pass of the model
    /// @throws SamplingException when a model puts out NaN or infinities
    public Sampled sample(FlowSampler.Start start, SamplingListener listener, CancellationToken cancellation) {
        NoiseLevels levels = start.levels();
        Solver.Run run = solver.start(levels, start.fresh());
        List<SamplingTrace.Step> trace = new ArrayList<>();
        List<Observation.Signals> signals = new ArrayList<>();
        List<SamplingTrace.Blocks> blocks = new ArrayList<>();
        try (ActiveExpert active = new ActiveExpert(experts, levels.timesteps())) {
            Tensor latent = start.latent();
            for (int step = 0; step < levels.steps(); step++) {
                cancellation.throwIfCancelled();
                float timestep = levels.timestep(step);
                double sigma = levels.sigma(step);
                Tensor seen = restored(start.known(), latent);
                GuidedModel.Outcome outcome = active.at(timestep).evaluate(step, seen, timestep, cancellation);
                listener.evaluated(step, sigma, timestep, seen, outcome.velocity());
                long begin = System.nanoTime();
                Tensor clean = restored(start.known(), levels.prediction().clean(seen, outcome.velocity(), sigma));
                latent = run.next(step, new Solver.Evaluation(seen, outcome.velocity(), clean));
                trace.add(record(step, sigma, timestep, outcome, System.nanoTime() - begin));
                outcome.signals().ifPresent(signals::add);
                outcome.blocks().ifPresent(blocks::add);
                listener.stepDone(step + 1, levels.steps(), clean);
            }
            return new Sampled(
                    restored(start.known(), latent),
                    new SamplingTrace(trace, signals, sameBlocks(blocks, levels.steps())));
        }
    }

    /// None where not all steps have the blocks of one model, as with two experts of different kinds of bits.
    private static List<SamplingTrace.Blocks> sameBlocks(List<SamplingTrace.Blocks> blocks, int steps) {
        boolean same =
                blocks.stream().map(SamplingTrace.Blocks::names).distinct().count() == 1;
        return same && blocks.size() == steps ? blocks : List.of();
    }

    private static Tensor restored(Optional<KnownFrames> known, Tensor latent) {
        return known.map(frames -> frames.in(latent)).orElse(latent);
    }

    private static SamplingTrace.Step record(
            int step, double sigma, float timestep, GuidedModel.Outcome outcome, long solverNanos) {
        Elapsed model = outcome.elapsed();
        Elapsed elapsed = new Elapsed(
                model.preludeNanos(), model.trunkNanos(), model.headNanos(), model.samplerNanos() + solverNanos);
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
}
