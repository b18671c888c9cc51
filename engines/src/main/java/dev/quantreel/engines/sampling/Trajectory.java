package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/// The latents a reference model passed through and what it answered at each: the ground on which another model is
/// compared step by step (teacher forcing), undisturbed by its own earlier errors.
///
/// @param settings of the generation that was recorded
/// @param points one per step
public record Trajectory(SamplerSettings settings, List<Point> points) {

    public Trajectory {
        points = List.copyOf(points);
        if (points.size() != settings.levels().steps()) {
            throw new IllegalArgumentException(
                    "a trajectory of " + points.size() + " points cannot come from " + settings.steps() + " steps");
        }
    }

    /// One step of the reference.
    ///
    /// @param latent F32 `[1, channels, frames, height, width]`
    /// @param velocity guided output at the latent, same shape
    public record Point(double sigma, float timestep, Tensor latent, Tensor velocity) {}

    /// How another model answers along the trajectory.
    ///
    /// @param relativeL2 per step, ‖v − v_ref‖₂ / ‖v_ref‖₂
    /// @param relativeL1 per step, ‖v − v_ref‖₁ / ‖v_ref‖₁
    /// @param cosine per step, of v and v_ref
    /// @param activationBits per step
    public record Deviation(
            List<Double> relativeL2, List<Double> relativeL1, List<Double> cosine, List<Integer> activationBits) {

        public Deviation {
            relativeL2 = List.copyOf(relativeL2);
            relativeL1 = List.copyOf(relativeL1);
            cosine = List.copyOf(cosine);
            activationBits = List.copyOf(activationBits);
        }

        /// Mean over the steps.
        public double meanRelativeL2() {
            return relativeL2.stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElse(Double.NaN);
        }

        /// Mean over the steps.
        public double meanActivationBits() {
            return activationBits.stream().mapToInt(Integer::intValue).average().orElse(Double.NaN);
        }
    }

    /// Evaluates another model at every recorded latent, with the recorded guidance and without a step cache.
    ///
    /// @param model bound to the same conditioning as the reference
    public Deviation deviationOf(SplitModel model, BitSchedule bits, CancellationToken cancellation) {
        return deviationOf(alone(model, bits), cancellation);
    }

    /// The same of several models that share a generation: each is asked at its own steps.
    ///
    /// @param experts as [ExpertSampler#experts], bound to the same conditioning as the reference; their bits are
    /// taken, the recorded guidance stands for theirs, and caches are left out
    public Deviation deviationOf(List<Expert> experts, CancellationToken cancellation) {
        List<Double> errors = new ArrayList<>();
        List<Double> absolute = new ArrayList<>();
        List<Double> cosines = new ArrayList<>();
        List<Integer> widths = new ArrayList<>();
        ask(experts, settings.cfg(), cancellation, (point, outcome) -> {
            errors.add(LatentMetrics.relativeL2(outcome.velocity(), point.velocity()));
            absolute.add(LatentMetrics.relativeL1(outcome.velocity(), point.velocity()));
            cosines.add(LatentMetrics.cosine(outcome.velocity(), point.velocity()));
            widths.add(outcome.activationBits());
        });
        return new Deviation(errors, absolute, cosines, widths);
    }

    /// The same latents with the reference's output under another guidance; at 1 the errors of a model are those of
    /// one pass, not multiplied by guidance.
    ///
    /// @param reference the model that was recorded, bound to the same conditioning
    public Trajectory withGuidance(SplitModel reference, double cfg, CancellationToken cancellation) {
        return withGuidance(alone(reference, new Constant(8)), cfg, cancellation);
    }

    /// The same of several models that share a generation.
    ///
    /// @param reference those that were recorded, as [ExpertSampler#experts]
    public Trajectory withGuidance(List<Expert> reference, double cfg, CancellationToken cancellation) {
        List<Point> answered = new ArrayList<>();
        ask(
                reference,
                cfg,
                cancellation,
                (point, outcome) ->
                        answered.add(new Point(point.sigma(), point.timestep(), point.latent(), outcome.velocity())));
        return new Trajectory(settings.withCfg(cfg), answered);
    }

    private static List<Expert> alone(SplitModel model, BitSchedule bits) {
        return List.of(new Expert(() -> model, Guidance.serial(1), bits, new StepCache.None(), 0));
    }

    /// Hears what was answered at each point.
    private interface Answers {
        void at(Point point, GuidedModel.Outcome outcome);
    }

    private void ask(List<Expert> experts, double cfg, CancellationToken cancellation, Answers answers) {
        List<Expert> asked =
                experts.stream().map(expert -> expert.with(cfg, expert.bits())).toList();
        List<Float> timesteps = points.stream().map(Point::timestep).toList();
        try (ActiveExpert active = new ActiveExpert(asked, timesteps)) {
            for (int step = 0; step < points.size(); step++) {
                cancellation.throwIfCancelled();
                Point point = points.get(step);
                answers.at(
                        point,
                        active.at(point.timestep()).evaluate(step, point.latent(), point.timestep(), cancellation));
            }
        }
    }

    /// Listens to a generation and keeps its trajectory.
    public static final class Recorder implements SamplingListener {

        private final SamplingListener next;
        private final List<Point> points = new ArrayList<>();

        /// @param next also hears everything
        public Recorder(SamplingListener next) {
            this.next = next;
        }

        @Override
        public void evaluated(int step, double sigma, float timestep, Tensor latent, Tensor velocity) {
            points.add(new Point(sigma, timestep, latent, velocity));
            next.evaluated(step, sigma, timestep, latent, velocity);
        }

        @Override
        public void stepDone(int done, int total, Tensor preview) {
            next.stepDone(done, total, preview);
        }

        /// What was recorded.
        ///
        /// @param settings of the generation listened to
        /// @throws IllegalArgumentException when it did not run to its end
        public Trajectory trajectory(SamplerSettings settings) {
            return new Trajectory(settings, points);
        }
    }
}
