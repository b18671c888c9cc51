package dev.quantreel.engines.sampling;

import dev.quantreel.engines.cache.MagnitudeRatios;
import dev.quantreel.engines.cache.Observation;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCacheFit;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Manual;
import dev.quantreel.engines.schedule.ManualByBlock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// What happened during a generation.
///
/// @param steps one record per step
/// @param signals what an [Observation] saw at each step; empty where another cache, or none, was on
/// @param blocks what each block did at each step; empty where the blocks share their bits
public record SamplingTrace(List<Step> steps, List<Observation.Signals> signals, List<Blocks> blocks) {

    /// Bits that stand for what a step cache answered, when bits are said again.
    private static final int BITS_WHERE_REUSED = 8;

    public SamplingTrace {
        steps = List.copyOf(steps);
        signals = List.copyOf(signals);
        blocks = List.copyOf(blocks);
    }

    /// A trace of blocks that share their bits.
    public SamplingTrace(List<Step> steps, List<Observation.Signals> signals) {
        this(steps, signals, List.of());
    }

    /// A trace without observations.
    public SamplingTrace(List<Step> steps) {
        this(steps, List.of());
    }

    /// The blocks at one step.
    ///
    /// @param names in the order they run
    public record Blocks(List<String> names, BlockBits conditional, BlockBits unconditional) {}

    /// The blocks of one branch at one step.
    ///
    /// @param bits by block; empty where a step cache answered, or there is no such branch
    /// @param changes of their contributions to the tokens since they last ran, by block; NaN when they ran first
    public record BlockBits(List<Integer> bits, List<Double> changes) {

        static final BlockBits NONE = new BlockBits(List.of(), List.of());

        public BlockBits {
            bits = List.copyOf(bits);
            changes = List.copyOf(changes);
        }

        private boolean isFirst() {
            return changes.stream().anyMatch(change -> Double.isNaN(change));
        }
    }

    /// One step.
    ///
    /// @param index from 0
    /// @param sigma noise level at its start
    /// @param timestep the model's time input
    /// @param activationBits bits asked of the model, the nearest to their mean where blocks have their own; 0
    /// where the cache answered for every branch
    /// @param relativeL1 ‖F_t − F_{t−1}‖₁ / ‖F_{t−1}‖₁ of the guided output; NaN at step 0
    /// @param conditional what the cache decided for the conditional branch
    /// @param unconditional the same for the other, [Decision#ABSENT] without guidance
    /// @param elapsed time by phase
    public record Step(
            int index,
            double sigma,
            float timestep,
            int activationBits,
            double relativeL1,
            Decision conditional,
            Decision unconditional,
            Elapsed elapsed) {

        /// Whether the blocks ran in at least one branch.
        public boolean isComputed() {
            return conditional == Decision.COMPUTED || unconditional == Decision.COMPUTED;
        }
    }

    /// What became of the blocks in one branch.
    public enum Decision {
        COMPUTED,
        REUSED,
        ABSENT
    }

    /// Time of one step; both branches together.
    ///
    /// @param samplerNanos guidance, caches, the Euler step: everything but the model
    public record Elapsed(long preludeNanos, long trunkNanos, long headNanos, long samplerNanos) {

        public long totalNanos() {
            return preludeNanos + trunkNanos + headNanos + samplerNanos;
        }
    }

    /// Mean bits over the steps whose blocks ran; NaN when none did.
    public double meanActivationBits() {
        if (!blocks.isEmpty()) {
            return blocks.stream()
                    .flatMap(step -> Stream.of(step.conditional, step.unconditional))
                    .flatMap(branch -> branch.bits.stream())
                    .mapToInt(Integer::intValue)
                    .average()
                    .orElse(Double.NaN);
        }
        return steps.stream()
                .filter(Step::isComputed)
                .mapToInt(Step::activationBits)
                .average()
                .orElse(Double.NaN);
    }

    /// Passes through the blocks, both branches counted.
    public long trunkPasses() {
        return count(Decision.COMPUTED);
    }

    /// Passes that the cache saved, both branches counted.
    public long reusedPasses() {
        return count(Decision.REUSED);
    }

    /// Changes of the output at steps 1, 2, ...: what δ is tuned on.
    public List<Double> relativeL1Curve() {
        return steps.stream().skip(1).map(Step::relativeL1).toList();
    }

    /// Changes of the blocks' contributions, one curve for every block and branch: what δ by block is tuned on.
    ///
    /// @throws IllegalStateException when blocks shared their bits
    public List<List<Double>> blockCurves() {
        if (blocks.isEmpty()) {
            throw new IllegalStateException("changes of single blocks were not recorded; sample with bits by block");
        }
        List<List<Double>> curves = new ArrayList<>();
        for (Function<Blocks, BlockBits> branch :
                List.<Function<Blocks, BlockBits>>of(Blocks::conditional, Blocks::unconditional)) {
            List<BlockBits> seen = blocks.stream()
                    .map(branch)
                    .filter(step -> !step.bits.isEmpty() && !step.isFirst())
                    .toList();
            for (int i = 0; !seen.isEmpty() && i < seen.getFirst().changes.size(); i++) {
                int block = i;
                curves.add(seen.stream().map(step -> step.changes.get(block)).toList());
            }
        }
        return curves;
    }

    /// The bits that this generation had, whatever is seen when they are said again.
    public BitSchedule replay() {
        return blocks.isEmpty()
                ? new Manual(steps.stream()
                        .map(step -> step.isComputed() ? step.activationBits() : BITS_WHERE_REUSED)
                        .toList())
                : new ManualByBlock(
                        blocks.stream()
                                .map(step -> orMost(step, step.conditional))
                                .toList(),
                        blocks.stream()
                                .map(step -> orMost(step, step.unconditional))
                                .toList());
    }

    private static List<Integer> orMost(Blocks step, BlockBits branch) {
        return branch.bits.isEmpty() ? Collections.nCopies(step.names.size(), BITS_WHERE_REUSED) : branch.bits;
    }

    /// How the magnitude of what the blocks change moved, as MagCache reads it.
    ///
    /// @throws IllegalStateException when nothing was observed
    public MagnitudeRatios magnitudeRatios() {
        requireObserved();
        List<Double> conditional =
                signals.stream().map(step -> orOne(step.conditionalRatio())).toList();
        boolean guided = steps.stream().noneMatch(step -> step.unconditional() == Decision.ABSENT);
        return new MagnitudeRatios(
                conditional,
                guided
                        ? signals.stream()
                                .map(step -> orOne(step.unconditionalRatio()))
                                .toList()
                        : conditional);
    }

    private static double orOne(double ratio) {
        return Double.isNaN(ratio) ? 1 : ratio;
    }

    /// How a signal and the output changed together, as TeaCache's polynomial is fitted to.
    ///
    /// @return one point per step but the first; none where the model does not have the signal
    /// @throws IllegalStateException when nothing was observed
    public List<TeaCacheFit.Point> signalPoints(StepCache.Watched signal) {
        requireObserved();
        return IntStream.range(0, steps.size())
                .boxed()
                .flatMap(step -> signals.get(step)
                        .change(signal)
                        .map(change ->
                                new TeaCacheFit.Point(change, steps.get(step).relativeL1())))
                .toList();
    }

    private void requireObserved() {
        if (signals.size() != steps.size() || steps.isEmpty()) {
            throw new IllegalStateException("signals were seen at " + signals.size() + " of " + steps.size()
                    + " steps; sample with the observation as step cache");
        }
    }

    /// Wall time of all steps.
    public long elapsedNanos() {
        return steps.stream().mapToLong(step -> step.elapsed().totalNanos()).sum();
    }

    private long count(Decision decision) {
        return steps.stream()
                .flatMap(step -> Stream.of(step.conditional(), step.unconditional()))
                .filter(decision::equals)
                .count();
    }
}
