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
import org.jspecify.annotations.Nullable;

/// A model with classifier-free guidance, step cache and bit switching around it: the state of one generation.
///
/// Order of a step: prelude; the cache decides for each branch; if a branch is computed the bit schedule is asked,
// once,
/// so that both branches have the same bits; trunk or reuse; head; guidance; the change of the output goes to the bit
// schedule.
final class GuidedModel {

    private final SplitModel model;
    private final SamplerSettings settings;
    private final StepCache cache;
    private final BitTracker bits;
    private final CacheTracker conditionalCache;
    private final CacheTracker unconditionalCache;
    private @Nullable Tensor previous;

    GuidedModel(SplitModel model, SamplerSettings settings, BitSchedule bits, StepCache cache) {
        if (cache.watched() == StepCache.Watched.MODULATED_INPUT) {
            throw new IllegalArgumentException(
                    "this TeaCache profile watches the modulated input of block 0, which this "
                            + "model does not expose; take a Wan profile or IDENTITY");
        }
        this.model = model;
        this.settings = settings;
        this.cache = cache;
        this.bits = bits.start(settings.steps());
        this.conditionalCache = cache.start(settings.steps());
        this.unconditionalCache = cache.start(settings.steps());
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
        Prelude prelude = model.prelude(latent, timestep, cancellation);
        long preludeNanos = watch.lap();
        Tensor watched = watched(prelude);
        Decision conditional = decide(conditionalCache, step, watched);
        Decision unconditional = settings.isGuided() ? decide(unconditionalCache, step, watched) : Decision.ABSENT;
        boolean computes = conditional == Decision.COMPUTED || unconditional == Decision.COMPUTED;
        int activationBits = computes ? bits.bits(step) : 0;
        long samplerNanos = watch.lap();

        Pass pass = new Pass(prelude, activationBits, cancellation);
        Tensor conditionalTokens = tokens(pass, Branch.CONDITIONAL, conditional, conditionalCache);
        long trunkNanos = watch.lap();
        Tensor velocity = model.head(prelude, conditionalTokens, cancellation);
        long headNanos = watch.lap();
        if (settings.isGuided()) {
            Tensor tokens = tokens(pass, Branch.UNCONDITIONAL, unconditional, unconditionalCache);
            trunkNanos += watch.lap();
            Tensor unguided = model.head(prelude, tokens, cancellation);
            headNanos += watch.lap();
            velocity = guide(unguided, velocity, settings.cfg());
        }
        requireFinite(step, velocity);
        double change = observe(step, velocity);
        Elapsed elapsed = new Elapsed(preludeNanos, trunkNanos, headNanos, samplerNanos + watch.lap());
        return new Outcome(velocity, activationBits, change, conditional, unconditional, elapsed);
    }

    private record Pass(Prelude prelude, int activationBits, CancellationToken cancellation) {}

    private Tensor watched(Prelude prelude) {
        return switch (cache.watched()) {
            case TIME_EMBEDDING -> prelude.timeEmbedding();
            case TIME_PROJECTION -> prelude.timeProjection();
            case MODULATED_INPUT -> throw new IllegalStateException("refused by the constructor");
        };
    }

    private static Decision decide(CacheTracker tracker, int step, Tensor watched) {
        return tracker.reuses(step, watched) ? Decision.REUSED : Decision.COMPUTED;
    }

    private Tensor tokens(Pass pass, Branch branch, Decision decision, CacheTracker tracker) {
        pass.cancellation().throwIfCancelled();
        Tensor input = pass.prelude().tokens();
        if (decision == Decision.REUSED) {
            return tracker.reuse(input);
        }
        Tensor output = model.trunk(pass.prelude(), branch, pass.activationBits(), pass.cancellation());
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
