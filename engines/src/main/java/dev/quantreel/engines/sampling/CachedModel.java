package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.CacheTracker;
import dev.quantreel.engines.cache.Observation;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.StepCache.Reach;
import dev.quantreel.engines.cache.StepCache.Watched;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingTrace.Decision;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.SplitModel.Prelude;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;

/// A model with a step cache around it, in both branches of guidance: the state of one generation, and of one of the
/// calls that a solver makes in a step.
///
/// Batched passes change no decision: where both branches are computed one pass of the trunk does both, where one is,
/// it runs alone. A cache that lets the first block decide runs the branches one after the other, and so do blocks with
/// activation bits of their own.
final class CachedModel {

    private final SplitModel model;
    private final StepCache cache;
    private final Guidance guidance;
    private final Optional<SplitModel.JointTrunk> joint;
    private final Optional<SplitModel.CutTrunk> cut;
    private final CacheTracker conditional;
    private final CacheTracker unconditional;
    private final Optional<BlockwiseBranch> conditionalBlocks;
    private final Optional<BlockwiseBranch> unconditionalBlocks;
    private final Map<Watched, Tensor> signals = new EnumMap<>(Watched.class);

    /// @param steps of the whole generation
    /// @throws SamplingException when the model cannot do what the expert asks for
    CachedModel(SplitModel model, Expert expert, int steps) {
        this.model = model;
        this.cache = expert.cache();
        this.guidance = expert.guidance();
        this.cut = cache.reach() == Reach.LATER_BLOCKS
                ? Optional.of(required(model.cutTrunk(), "the first block cannot run alone", "take another step cache"))
                : Optional.empty();
        this.joint = cut.isEmpty() && guidance.isGuided() && guidance.passes() == Guidance.Passes.BATCHED
                ? Optional.of(required(
                        model.jointTrunk(), "the branches of guidance cannot run in one pass", "run them serially"))
                : Optional.empty();
        this.conditional = cache.start(steps);
        this.unconditional = cache.startUnconditional(steps);
        this.conditionalBlocks = blocks(expert, steps, Branch.CONDITIONAL);
        this.unconditionalBlocks = blocks(expert, steps, Branch.UNCONDITIONAL);
        if (cut.isPresent() && conditionalBlocks.isPresent()) {
            throw new SamplingException("a cache that lets the first block decide runs the others with the same"
                    + " bits; take another step cache, or bits by step");
        }
    }

    private static <T> T required(Ability<T> ability, String what, String instead) {
        return ability.orElseThrow(reason -> new SamplingException(what + ": " + reason + "; " + instead));
    }

    /// Empty where blocks share their bits.
    private Optional<BlockwiseBranch> blocks(Expert expert, int steps, Branch branch) {
        return model.blockwiseTrunk().use().flatMap(trunk -> expert.bits()
                .startByBlock(steps, branch == Branch.CONDITIONAL)
                .map(tracker -> new BlockwiseBranch(trunk, branch, tracker)));
    }

    /// What the blocks did at the last step; empty where they share their bits.
    Optional<SamplingTrace.Blocks> lastBlocks() {
        return conditionalBlocks.map(blocks -> new SamplingTrace.Blocks(
                blocks.names(),
                blocks.last(),
                guidance.isGuided() ? unconditionalBlocks.orElseThrow().last() : SamplingTrace.BlockBits.NONE));
    }

    /// One evaluation.
    ///
    /// @param bits asked once it is known that something is computed
    /// @param most bits of what runs whether or not the rest does
    record Query(int step, Tensor latent, float timestep, IntSupplier bits, int most, CancellationToken cancellation) {}

    /// What came of it.
    ///
    /// @param conditional output
    /// @param unconditional output; the conditional one without guidance
    record Answer(Answered conditional, Answered unconditional, Optional<Observation.Signals> signals) {

        /// Whether blocks ran in at least one branch.
        boolean isComputed() {
            return conditional.decision == Decision.COMPUTED || unconditional.decision == Decision.COMPUTED;
        }
    }

    /// One branch.
    record Answered(Tensor output, Decision decision) {}

    Answer answer(Query query, Stopwatch watch) {
        if (cache.reach() != Reach.MODEL) {
            return computed(query, watch);
        }
        if (conditional.reuses(query.step(), query.latent())) {
            conditionalBlocks.ifPresent(blocks -> blocks.skipped(query.step()));
            unconditionalBlocks.ifPresent(blocks -> blocks.skipped(query.step()));
            Answered first = new Answered(conditional.reuse(query.latent()), Decision.REUSED);
            Answered second = guidance.isGuided()
                    ? new Answered(unconditional.reuse(query.latent()), Decision.REUSED)
                    : new Answered(first.output, Decision.ABSENT);
            watch.sampler();
            return new Answer(first, second, Optional.empty());
        }
        watch.sampler();
        Answer answer = computed(query, watch);
        conditional.computed(query.latent(), answer.conditional.output);
        if (guidance.isGuided()) {
            unconditional.computed(query.latent(), answer.unconditional.output);
        }
        watch.sampler();
        return answer;
    }

    private Answer computed(Query query, Stopwatch watch) {
        Prelude prelude = model.prelude(query.latent(), query.timestep(), Branch.CONDITIONAL, query.cancellation());
        Prelude negative = guidance.isGuided()
                ? model.prelude(query.latent(), query.timestep(), Branch.UNCONDITIONAL, query.cancellation())
                : prelude;
        watch.prelude();
        Pass first = new Pass(query, prelude, Branch.CONDITIONAL, conditional, watch);
        Pass second = new Pass(query, negative, Branch.UNCONDITIONAL, unconditional, watch);
        Answer answer = cut.map(parts -> byFirstBlock(parts, first, second)).orElseGet(() -> byPrelude(first, second));
        Optional<Observation.Signals> signals = signals(prelude);
        Set<String> kept = kept();
        model.forget(prelude, kept);
        if (negative != prelude) {
            model.forget(negative, kept);
        }
        return new Answer(answer.conditional, answer.unconditional, signals);
    }

    /// Outputs of preludes that are compared with those of the next step.
    private Set<String> kept() {
        return conditional instanceof Observation.Tracker
                ? Observation.SIGNALS.stream().map(CachedModel::name).collect(Collectors.toSet())
                : Set.of(name(cache.watched()));
    }

    /// A branch on its way through the model.
    private record Pass(Query query, Prelude prelude, Branch branch, CacheTracker tracker, Stopwatch watch) {}

    /// Decides both branches before any block runs.
    private Answer byPrelude(Pass first, Pass second) {
        Decision decision = decide(first);
        Decision other = guidance.isGuided() ? decide(second) : Decision.ABSENT;
        first.watch.sampler();
        boolean together = joint.isPresent()
                && conditionalBlocks.isEmpty()
                && decision == Decision.COMPUTED
                && other == Decision.COMPUTED;
        if (together) {
            return both(joint.get(), first, second);
        }
        Answered one = headed(first, tokens(first, decision), decision);
        return new Answer(
                one,
                other == Decision.ABSENT
                        ? new Answered(one.output, other)
                        : headed(second, tokens(second, other), other),
                Optional.empty());
    }

    private Answered headed(Pass pass, Tensor tokens, Decision decision) {
        pass.watch.trunk();
        Tensor output = model.head(pass.prelude, tokens, pass.query.cancellation());
        if (decision == Decision.COMPUTED) {
            tokens.discard();
        }
        pass.watch.head();
        return new Answered(output, decision);
    }

    /// A cache that reaches over the whole model has decided before.
    private Decision decide(Pass pass) {
        boolean reuses = cache.reach() == Reach.BLOCKS && pass.tracker.reuses(pass.query.step(), watched(pass.prelude));
        return reuses ? Decision.REUSED : Decision.COMPUTED;
    }

    private Tensor watched(Prelude prelude) {
        if (cache.watched() == Watched.NOTHING) {
            return prelude.tokens();
        }
        String name = name(cache.watched());
        Tensor watched = prelude.outputs().get(name);
        if (watched == null) {
            throw new IllegalArgumentException("this TeaCache profile watches the " + name.replace('_', ' ')
                    + ", which this model does not expose (it has "
                    + prelude.outputs().keySet().stream().sorted().toList()
                    + "); take the profile of this model or IDENTITY");
        }
        return watched;
    }

    private static String name(Watched signal) {
        return signal.name().toLowerCase(Locale.ROOT);
    }

    private Tensor tokens(Pass pass, Decision decision) {
        pass.query.cancellation().throwIfCancelled();
        Tensor input = pass.prelude.tokens();
        Optional<BlockwiseBranch> blocks = pass.branch == Branch.CONDITIONAL ? conditionalBlocks : unconditionalBlocks;
        int step = pass.query.step();
        if (decision == Decision.REUSED) {
            blocks.ifPresent(own -> own.skipped(step));
            return pass.tracker.reuse(input);
        }
        CancellationToken cancellation = pass.query.cancellation();
        Tensor output = blocks.isPresent()
                ? blocks.get().trunk(step, pass.prelude, cancellation)
                : model.trunk(pass.prelude, pass.branch, pass.query.bits().getAsInt(), cancellation);
        remember(pass.tracker, input, output);
        return output;
    }

    private Answer both(SplitModel.JointTrunk trunk, Pass first, Pass second) {
        first.query.cancellation().throwIfCancelled();
        SplitModel.Both both =
                trunk.run(first.prelude, second.prelude, first.query.bits().getAsInt(), first.query.cancellation());
        remember(first.tracker, first.prelude.tokens(), both.conditional());
        remember(second.tracker, second.prelude.tokens(), both.unconditional());
        return new Answer(
                headed(first, both.conditional(), Decision.COMPUTED),
                headed(second, both.unconditional(), Decision.COMPUTED),
                Optional.empty());
    }

    private void remember(CacheTracker tracker, Tensor input, Tensor output) {
        if (cache.reach() == Reach.BLOCKS) {
            tracker.computed(input, output);
        }
    }

    private Answer byFirstBlock(SplitModel.CutTrunk trunk, Pass first, Pass second) {
        Answered one = afterFirstBlock(trunk, first);
        return new Answer(
                one,
                guidance.isGuided() ? afterFirstBlock(trunk, second) : new Answered(one.output, Decision.ABSENT),
                Optional.empty());
    }

    /// The first block has the most bits that the schedule ever asks for, so that its changes can be compared.
    private Answered afterFirstBlock(SplitModel.CutTrunk trunk, Pass pass) {
        Query query = pass.query;
        query.cancellation().throwIfCancelled();
        SplitModel.FirstBlock first = trunk.first(pass.prelude, pass.branch, query.most(), query.cancellation());
        Tensor change = WeightedSum.of(1, first.tokens())
                .plus(-1, pass.prelude.tokens())
                .tensor();
        if (pass.tracker.reuses(query.step(), change)) {
            return headed(pass, pass.tracker.reuse(first.tokens()), Decision.REUSED);
        }
        Tensor output = trunk.later(first, query.bits().getAsInt(), query.cancellation());
        pass.tracker.computed(first.tokens(), output);
        return headed(pass, output, Decision.COMPUTED);
    }

    /// What caches could have decided by.
    private Optional<Observation.Signals> signals(Prelude prelude) {
        if (!(conditional instanceof Observation.Tracker one)
                || !(unconditional instanceof Observation.Tracker other)) {
            return Optional.empty();
        }
        List<Observation.Change> changes = new ArrayList<>();
        for (Watched signal : Observation.SIGNALS) {
            Tensor now = prelude.outputs().get(name(signal));
            if (now != null) {
                Tensor before = signals.put(signal, now);
                if (before != null) {
                    changes.add(new Observation.Change(signal, LatentMetrics.relativeL1(now, before)));
                }
            }
        }
        return Optional.of(new Observation.Signals(changes, one.ratio(), other.ratio()));
    }
}
