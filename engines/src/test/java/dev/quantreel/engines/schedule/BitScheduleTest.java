package dev.quantreel.engines.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BitScheduleTest {

    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.1, 0.3, 1})
    void deltaGbsGivesThePublishedPattern(double delta) {
        // The U-shaped curve of methods 2.5, in units of delta.
        List<Integer> bits = run(DeltaGbs.of(delta), 50, step -> delta * curve(step));
        List<Integer> high =
                IntStream.range(0, 50).filter(i -> bits.get(i) == 8).boxed().toList();
        assertThat(high)
                .containsExactly(
                        0, 1, 2, 3, 5, 7, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 38, 40, 42, 44, 45, 46, 47, 48, 49);
        assertThat(mean(bits)).isEqualTo(6.0);
    }

    @Test
    void deltaZeroIsAllHighAndInfinityOnlyTheStepsWithoutHistory() {
        assertThat(run(DeltaGbs.of(0), 10, step -> 0.1)).containsOnly(8);
        assertThat(run(DeltaGbs.of(Double.POSITIVE_INFINITY), 10, step -> 0.1))
                .containsExactly(8, 8, 4, 4, 4, 4, 4, 4, 4, 4);
    }

    @Test
    void aDriftOfExactlyDeltaIsHigh() {
        // 0.25 twice makes 0.5 without rounding.
        assertThat(run(DeltaGbs.of(0.5), 8, step -> 0.25)).containsExactly(8, 8, 4, 8, 4, 8, 4, 8);
    }

    @Test
    void forcedStepsAreHighAndBeginTheSumAnew() {
        DeltaGbs schedule = new DeltaGbs(0.25, 4, 8, 4, 2);
        // Changes of 0.1: two low steps after each high one; 0 to 3 and 8, 9 are forced.
        assertThat(run(schedule, 10, step -> 0.1)).containsExactly(8, 8, 8, 8, 4, 4, 8, 4, 8, 8);
    }

    @Test
    void stepsThatACacheAnswersStillAddTheirChange() {
        BitTracker tracker = DeltaGbs.of(0.25).start(10);
        assertThat(tracker.bits(0)).isEqualTo(8);
        assertThat(tracker.bits(1)).isEqualTo(8);
        tracker.observed(1, 0.1);
        tracker.observed(2, 0.1);
        tracker.observed(3, 0.1);
        assertThat(tracker.bits(4)).as("0.3 since step 1").isEqualTo(8);
        tracker.observed(4, 0.1);
        assertThat(tracker.bits(5)).isEqualTo(4);
    }

    @Test
    void theFixedSchedulesHaveHalfTheirStepsAtEachWidth() {
        for (BitSchedule schedule : List.of(
                SwitchAtHalf.lowThenHigh(4, 8),
                SwitchAtHalf.highThenLow(4, 8),
                new Alternating(4, 8),
                new Shuffled(4, 8, 5))) {
            List<Integer> bits = run(schedule, 50, step -> 1);
            assertThat(bits).as("%s", schedule).containsOnly(4, 8);
            assertThat(mean(bits)).as("%s", schedule).isEqualTo(6.0);
        }
        assertThat(run(SwitchAtHalf.lowThenHigh(4, 8), 5, step -> 1)).containsExactly(4, 4, 8, 8, 8);
        assertThat(run(SwitchAtHalf.highThenLow(4, 8), 5, step -> 1)).containsExactly(8, 8, 4, 4, 4);
        assertThat(run(new Alternating(4, 6), 5, step -> 1)).containsExactly(6, 4, 6, 4, 6);
        assertThat(run(new Constant(6), 3, step -> 1)).containsOnly(6);
        assertThat(run(new Manual(List.of(4, 6, 8)), 3, step -> 1)).containsExactly(4, 6, 8);
    }

    @Test
    void theSeedFixesTheShuffle() {
        assertThat(run(new Shuffled(4, 8, 1), 50, step -> 1)).isEqualTo(run(new Shuffled(4, 8, 1), 50, step -> 1));
        assertThat(run(new Shuffled(4, 8, 1), 50, step -> 1)).isNotEqualTo(run(new Shuffled(4, 8, 2), 50, step -> 1));
    }

    @ParameterizedTest
    @ValueSource(doubles = {4.2, 5, 6, 7, 7.8})
    void tuningFindsADeltaForTheWantedMean(double wanted) {
        List<Double> changes =
                IntStream.range(1, 50).mapToObj(step -> 0.08 * curve(step)).toList();
        DeltaTuning tuning = DeltaTuning.tune(changes, wanted, DeltaGbs.of(0));
        assertThat(tuning.meanBits()).isCloseTo(wanted, within(0.25));
        assertThat(mean(run(tuning.schedule(), 50, step -> 0.08 * curve(step)))).isEqualTo(tuning.meanBits());
    }

    @Test
    void tuningFindsThePublishedDelta() {
        List<Double> changes =
                IntStream.range(1, 50).mapToObj(step -> 0.08 * curve(step)).toList();
        DeltaTuning tuning = DeltaTuning.tune(changes, 6, DeltaGbs.of(0));
        assertThat(tuning.meanBits()).isEqualTo(6);
        assertThat(tuning.schedule().delta()).isBetween(0.06, 0.1);
    }

    @Test
    void valuesOutOfRangeAreNamed() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Constant(9)).withMessageContaining("bits is 9");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Alternating(8, 4))
                .withMessageContaining("8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Manual(List.of(4, 1)))
                .withMessageContaining("step 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeltaGbs.of(Double.NaN))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeltaTuning.tune(List.of(), 6, DeltaGbs.of(0)))
                .withMessageContaining("empty");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DeltaTuning.tune(List.of(0.1), 9, DeltaGbs.of(0)))
                .withMessageContaining("9.0");
    }

    /// L1(F, t) of methods 2.5 in units of delta.
    private static double curve(int step) {
        if (step < 3 || step >= 43) {
            return 1.3;
        }
        return step < 9 || step >= 36 ? 0.6 : 0.4;
    }

    private static List<Integer> run(BitSchedule schedule, int steps, IntToDoubleFunction change) {
        BitTracker tracker = schedule.start(steps);
        List<Integer> bits = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            bits.add(tracker.bits(step));
            if (step > 0) {
                tracker.observed(step, change.applyAsDouble(step));
            }
        }
        return bits;
    }

    private static double mean(List<Integer> bits) {
        return bits.stream().mapToInt(Integer::intValue).average().orElseThrow();
    }

    @Test
    void aStepAfterARunOfSkippedOnesHasHighBitsAndBeginsTheDriftAnew() {
        assertThat(bitsAfterTwoSkippedSteps(DeltaGbs.of(0.35))).containsExactly(8, 4, 4, 8);
        assertThat(bitsAfterTwoSkippedSteps(new HighAfterSkips(DeltaGbs.of(0.35), 2)))
                .containsExactly(8, 8, 4, 4);
        assertThat(bitsAfterTwoSkippedSteps(new HighAfterSkips(DeltaGbs.of(0.35), 3)))
                .containsExactly(8, 4, 4, 8);
        assertThat(new HighAfterSkips(new Constant(4), 1).most()).isEqualTo(4);
    }

    /// Bits of steps 0, 3, 4 and 5, the output changing by a tenth each step.
    private static List<Integer> bitsAfterTwoSkippedSteps(BitSchedule schedule) {
        BitTracker tracker = schedule.start(6);
        List<Integer> bits = new ArrayList<>();
        for (int step = 0; step < 6; step++) {
            if (step == 1 || step == 2) {
                tracker.skipped(step);
            } else {
                bits.add(tracker.bits(step));
            }
            if (step > 0) {
                tracker.observed(step, 0.1);
            }
        }
        return bits;
    }

    @Test
    void blocksFollowTheRuleOnTheirOwnChanges() {
        BlockTracker tracker =
                new BlockwiseGbs(DeltaGbs.of(0.5)).startByBlock(8, true).orElseThrow();
        List<List<Integer>> bits = new ArrayList<>();
        for (int step = 0; step < 8; step++) {
            bits.add(tracker.bits(step, 2));
            if (step > 0) {
                tracker.observed(step, List.of(0.25, 1.0));
            }
        }
        assertThat(bits.stream().map(List::getFirst)).containsExactly(8, 8, 4, 8, 4, 8, 4, 8);
        assertThat(bits.stream().map(List::getLast)).containsOnly(8);
    }

    @Test
    void blocksAreHighAfterSkippedSteps() {
        BlockTracker tracker = new HighAfterSkips(new BlockwiseGbs(DeltaGbs.of(100)), 2)
                .startByBlock(8, false)
                .orElseThrow();
        tracker.bits(0, 2);
        tracker.bits(1, 2);
        tracker.observed(1, List.of(0.1, 0.1));
        assertThat(tracker.bits(2, 2)).containsExactly(4, 4);
        tracker.skipped(3);
        tracker.skipped(4);
        assertThat(tracker.bits(5, 2)).containsExactly(8, 8);
        assertThat(tracker.bits(6, 2)).containsExactly(4, 4);
        assertThat(new HighAfterSkips(DeltaGbs.of(1), 2).startByBlock(8, true)).isEmpty();
    }

    @Test
    void oneDeltaIsFoundForSeveralBlocks() {
        List<List<Double>> curves =
                List.of(Collections.nCopies(49, 0.1), Collections.nCopies(49, 0.2), Collections.nCopies(49, 0.3));
        DeltaTuning tuning = DeltaTuning.tuneByBlock(curves, 6, DeltaGbs.of(0));
        double expected = curves.stream()
                .mapToDouble(curve -> mean(run(tuning.schedule(), 50, step -> curve.getFirst())))
                .average()
                .orElseThrow();
        assertThat(tuning.meanBits()).isEqualTo(expected);
        assertThat(tuning.meanBits()).isBetween(5.5, 6.5);
    }
}
