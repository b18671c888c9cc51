package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.CacheTracker;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SamplingTrace.Elapsed;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.SplitModel.Prelude;
import dev.quantreel.engines.schedule.BitTracker;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A model with classifier-free guidance, step cache and bit switching around it: the state of one generation.
///
/// Order of a step: prelude; the cache decides for each branch; if a branch is computed the bit schedule is asked,
// once,
/// so that both branches have the same bits; trunk or reuse; head; guidance; the change of the output goes to the bit
/// schedule. Batched passes change none of it: where both branches are computed one pass of the trunk does both, where
/// one is, it runs alone.
final class GuidedModel {

    private final SplitModel model;
    private final Guidance guidance;
    private final StepCache cache;
    private final BitTracker bits;
    private final CacheTracker conditionalCache;
    private final CacheTracker unconditionalCache;
    private @Nullable Tensor previous;

    /// @param steps of the whole generation
    GuidedModel(SplitModel model, Expert expert, int steps) {
        this.model = model;
        this.guidance = expert.guidance();
        this.cache = expert.cache();
        this.bits = expert.bits().start(steps);
        this.conditionalCache = cache.start(steps);
        this.unconditionalCache = cache.start(steps);
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
            Elapsed elapsed) {}

    Outcome evaluate(int step, Tensor latent, float timestep, CancellationToken cancellation) {
        Stopwatch watch = new Stopwatch();
        Prelude prelude = model.prelude(latent, timestep, Branch.CONDITIONAL, cancellation);
        Prelude negative =
                guidance.isGuided() ? model.prelude(latent, timestep, Branch.UNCONDITIONAL, cancellation) : prelude;
        long preludeNanos = watch.lap();
        Decision conditional = decide(conditionalCache, step, prelude);
        Decision unconditional = guidance.isGuided() ? decide(unconditionalCache, step, negative) : Decision.ABSENT;
        boolean computes = conditional == Decision.COMPUTED || unconditional == Decision.COMPUTED;
        int activationBits = computes ? bits.bits(step) : 0;
        long samplerNanos = watch.lap();

        Pass pass = new Pass(prelude, Branch.CONDITIONAL, activationBits, cancellation);
        Pass second = new Pass(negative, Branch.UNCONDITIONAL, activationBits, cancellation);
        boolean together = guidance.passes() == Guidance.Passes.BATCHED
                && conditional == Decision.COMPUTED
                && unconditional == Decision.COMPUTED;
        Optional<SplitModel.Both> both = together ? Optional.of(both(pass, second)) : Optional.empty();
        Tensor conditionalTokens =
                both.map(SplitModel.Both::conditional).orElseGet(() -> tokens(pass, conditional, conditionalCache));
        long trunkNanos = watch.lap();
        Tensor velocity = model.head(prelude, conditionalTokens, cancellation);
        long headNanos = watch.lap();
        if (guidance.isGuided()) {
            Tensor tokens = both.map(SplitModel.Both::unconditional)
                    .orElseGet(() -> tokens(second, unconditional, unconditionalCache));
            trunkNanos += watch.lap();
            Tensor unguided = model.head(negative, tokens, cancellation);
            headNanos += watch.lap();
            velocity = guide(unguided, velocity, guidance.cfg());
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
        remember(tracker, input, output);
        return output;
    }

    private SplitModel.Both both(Pass pass, Pass second) {
        pass.cancellation().throwIfCancelled();
        SplitModel.Both both =
                model.trunks(pass.prelude(), second.prelude(), pass.activationBits(), pass.cancellation());
        remember(conditionalCache, pass.prelude().tokens(), both.conditional());
        remember(unconditionalCache, second.prelude().tokens(), both.unconditional());
        return both;
    }

    private void remember(CacheTracker tracker, Tensor input, Tensor output) {
        if (!(cache instanceof StepCache.None)) {
            tracker.computed(input, output);
        }
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
