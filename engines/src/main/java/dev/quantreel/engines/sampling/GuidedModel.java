package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.CacheTracker;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SamplingTrace.Elapsed;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.SplitModel.Prelude;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.BitTracker;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A model with classifier-free guidance, step cache and bit switching around it: the state of one generation.
///
/// Order of a step: prelude; the cache decides for each branch; if a branch is computed the bit schedule is asked,
// once,
/// so that both branches have the same bits; trunk or reuse; head; guidance; the change of the output goes to the bit
// schedule.
final class GuidedModel {

    private final SplitModel model;
    private final double cfg;
    private final StepCache cache;
    private final BitTracker bits;
    private final CacheTracker conditionalCache;
    private final CacheTracker unconditionalCache;
    private @Nullable Tensor previous;

    /// @param steps of the whole generation
    GuidedModel(SplitModel model, double cfg, BitSchedule bits, StepCache cache, int steps) {
        this.model = model;
        this.cfg = cfg;
        this.cache = cache;
        this.bits = bits.start(steps);
        this.conditionalCache = cache.start(steps);
        this.unconditionalCache = cache.start(steps);
    }

    /// Another model had the steps before: the first change of this one's output is against that one's.
    void follows(GuidedModel earlier) {
        previous = earlier.previous;
    }

    private boolean isGuided() {
        return cfg != 1;
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
            Elapsed elapsed) {}

    Outcome evaluate(int step, Tensor latent, float timestep, CancellationToken cancellation) {
        Stopwatch watch = new Stopwatch();
        Prelude prelude = model.prelude(latent, timestep, Branch.CONDITIONAL, cancellation);
        Prelude negative = isGuided() ? model.prelude(latent, timestep, Branch.UNCONDITIONAL, cancellation) : prelude;
        long preludeNanos = watch.lap();
        Decision conditional = decide(conditionalCache, step, prelude);
        Decision unconditional = isGuided() ? decide(unconditionalCache, step, negative) : Decision.ABSENT;
        boolean computes = conditional == Decision.COMPUTED || unconditional == Decision.COMPUTED;
        int activationBits = computes ? bits.bits(step) : 0;
        long samplerNanos = watch.lap();

        Pass pass = new Pass(prelude, Branch.CONDITIONAL, activationBits, cancellation);
        Tensor conditionalTokens = tokens(pass, conditional, conditionalCache);
        long trunkNanos = watch.lap();
        Tensor velocity = model.head(prelude, conditionalTokens, cancellation);
        long headNanos = watch.lap();
        if (isGuided()) {
            Pass second = new Pass(negative, Branch.UNCONDITIONAL, activationBits, cancellation);
            Tensor tokens = tokens(second, unconditional, unconditionalCache);
            trunkNanos += watch.lap();
            Tensor unguided = model.head(negative, tokens, cancellation);
            headNanos += watch.lap();
            velocity = guide(unguided, velocity, cfg);
        }
        requireFinite(step, velocity);
        double change = observe(step, velocity);
        Elapsed elapsed = new Elapsed(preludeNanos, trunkNanos, headNanos, samplerNanos + watch.lap());
        return new Outcome(velocity, activationBits, change, conditional, unconditional, elapsed);
    }

    private record Pass(Prelude prelude, Branch branch, int activationBits, CancellationToken cancellation) {}

    private Tensor watched(Prelude prelude) {
        String name = cache.watched().name().toLowerCase(Locale.ROOT);
        Tensor watched = prelude.outputs().get(name);
        if (watched != null) {
            return watched;
        }
        if (cache instanceof StepCache.None) {
            return prelude.tokens();
        }
        throw new IllegalArgumentException("this TeaCache profile watches the " + name.replace('_', ' ')
                + ", which this model does not expose (it has "
                + prelude.outputs().keySet().stream().sorted().toList()
                + "); take the profile of this model or IDENTITY");
    }

    private Decision decide(CacheTracker tracker, int step, Prelude prelude) {
        return tracker.reuses(step, watched(prelude)) ? Decision.REUSED : Decision.COMPUTED;
    }

    private Tensor tokens(Pass pass, Decision decision, CacheTracker tracker) {
        pass.cancellation().throwIfCancelled();
        Tensor input = pass.prelude().tokens();
        if (decision == Decision.REUSED) {
            return tracker.reuse(input);
        }
        Tensor output = model.trunk(pass.prelude(), pass.branch(), pass.activationBits(), pass.cancellation());
        if (!(cache instanceof StepCache.None)) {
            tracker.computed(input, output);
        }
        return output;
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

    /// Time since the last lap.
    private static final class Stopwatch {

        private long last = System.nanoTime();

        long lap() {
            long now = System.nanoTime();
            long elapsed = now - last;
            last = now;
            return elapsed;
        }
    }
}
