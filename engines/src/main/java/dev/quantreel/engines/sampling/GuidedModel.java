package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.Observation;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SamplingTrace.Elapsed;
import dev.quantreel.engines.schedule.BitTracker;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A model with classifier-free guidance, step cache and bit switching around it: the state of one generation.
///
/// Order of a step: prelude; the cache decides for each branch; if a branch is computed the bit schedule is asked,
/// once, so that both branches have the same bits; trunk or reuse; head; guidance; the change of the output goes to the
/// bit schedule. Solvers that call the model several times a step have a cache for each call; the bits are those of the
/// step.
final class GuidedModel {

    private final SplitModel model;
    private final Expert expert;
    private final int steps;
    private final BitTracker bits;
    private final List<CachedModel> calls = new ArrayList<>();
    private @Nullable Tensor previous;
    private int bitsOfStep;

    /// @param steps of the whole generation
    GuidedModel(SplitModel model, Expert expert, int steps) {
        this.model = model;
        this.expert = expert;
        this.steps = steps;
        this.bits = expert.bits().start(steps);
    }

    /// Another model had the steps before: the first change of this one's output is against that one's.
    void follows(GuidedModel earlier) {
        previous = earlier.previous;
    }

    /// The guided velocity and how it came about; the sampler's own time is not in yet.
    ///
    /// @param activationBits 0 where nothing was computed
    record Outcome(
            Tensor velocity,
            int activationBits,
            double relativeL1,
            Decision conditional,
            Decision unconditional,
            Elapsed elapsed,
            Optional<Observation.Signals> signals,
            Optional<SamplingTrace.Blocks> blocks) {}

    /// The first, for most solvers only, evaluation of a step.
    Outcome evaluate(int step, Tensor latent, float timestep, CancellationToken cancellation) {
        bitsOfStep = 0;
        Outcome outcome = call(0, new Call(step, latent, timestep), cancellation);
        if (outcome.activationBits == 0) {
            bits.skipped(step);
        }
        return outcome;
    }

    /// Where the model is asked.
    record Call(int step, Tensor latent, float timestep) {}

    /// One evaluation of a step.
    ///
    /// @param index which, from 0
    Outcome call(int index, Call call, CancellationToken cancellation) {
        while (calls.size() <= index) {
            calls.add(new CachedModel(model, expert, steps));
        }
        Stopwatch watch = new Stopwatch();
        CachedModel.Query query = new CachedModel.Query(
                call.step,
                call.latent,
                call.timestep,
                () -> bitsOf(call.step),
                expert.bits().most(),
                cancellation);
        CachedModel.Answer answer = calls.get(index).answer(query, watch);
        Tensor velocity = expert.guidance().isGuided()
                ? guide(
                        answer.unconditional().output(),
                        answer.conditional().output(),
                        expert.guidance().cfg())
                : answer.conditional().output();
        requireFinite(call.step, velocity);
        double change = index == 0 ? observe(call.step, velocity) : Double.NaN;
        watch.sampler();
        return new Outcome(
                velocity,
                answer.isComputed() ? bitsOfStep(calls.get(index)) : 0,
                change,
                answer.conditional().decision(),
                answer.unconditional().decision(),
                watch.elapsed(),
                answer.signals(),
                calls.get(index).lastBlocks());
    }

    /// The nearest to the mean where blocks have bits of their own.
    private int bitsOfStep(CachedModel called) {
        return called.lastBlocks()
                .map(blocks -> (int) Math.round(Stream.of(blocks.conditional(), blocks.unconditional())
                        .flatMap(branch -> branch.bits().stream())
                        .mapToInt(Integer::intValue)
                        .average()
                        .orElse(0)))
                .orElse(bitsOfStep);
    }

    private int bitsOf(int step) {
        if (bitsOfStep == 0) {
            bitsOfStep = bits.bits(step);
        }
        return bitsOfStep;
    }

    private double observe(int step, Tensor velocity) {
        Tensor before = previous;
        previous = velocity;
        if (before == null) {
            return Double.NaN;
        }
        double change = LatentMetrics.relativeL1(velocity, before);
        bits.observed(step, change);
        return change;
    }

    /// v = v_u + g · (v_c − v_u).
    private static Tensor guide(Tensor unconditional, Tensor conditional, double cfg) {
        Tensor guided = Tensor.zeros(conditional.dtype(), conditional.shape());
        MemorySegment to = guided.data();
        float strength = (float) cfg;
        for (long at = 0; at < to.byteSize(); at += Float.BYTES) {
            float u = unconditional.data().get(Tensor.FLOAT, at);
            float c = conditional.data().get(Tensor.FLOAT, at);
            to.set(Tensor.FLOAT, at, u + strength * (c - u));
        }
        return guided;
    }

    private static void requireFinite(int step, Tensor velocity) {
        NonFinite.firstIn("the model output", velocity).ifPresent(found -> {
            throw new SamplingException("step " + step + ": " + found.describe()
                    + "; the checkpoint holds such values or a quantized layer overflowed");
        });
    }
}
