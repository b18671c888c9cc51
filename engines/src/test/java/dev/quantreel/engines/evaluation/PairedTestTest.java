package dev.quantreel.engines.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PairedTestTest {

    /// Of the eight sign patterns of three equal differences two give a mean as far from zero.
    @Test
    void smallSamplesAreCountedOut() {
        PairedTest test = PairedTest.of(List.of(2.0, 3.0, 4.0), List.of(1.0, 2.0, 3.0));
        assertThat(test.meanDifference()).isCloseTo(1, within(1e-12));
        assertThat(test.standardError()).isCloseTo(0, within(1e-12));
        assertThat(test.probability()).isEqualTo(0.25);
        assertThat(test.isSignificant()).isFalse();
    }

    /// Darwin's maize, crossed less self-fertilised, by which Fisher introduced the test: 863 of 16,384 on one side.
    @Test
    void darwinsMaizeGivesFishersProbability() {
        List<Double> differences = IntStream.of(49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)
                .mapToObj(v -> (double) v)
                .toList();
        PairedTest test = PairedTest.of(differences, Collections.nCopies(15, 0.0));
        assertThat(test.probability()).isCloseTo(2 * 863.0 / 32_768, within(1e-12));
    }

    @Test
    void whichIsFirstChangesTheSignAlone() {
        List<Double> a = IntStream.range(0, 16).mapToObj(i -> Math.sin(i)).toList();
        List<Double> b = IntStream.range(0, 16).mapToObj(i -> Math.cos(i) / 2).toList();
        PairedTest there = PairedTest.of(a, b);
        PairedTest back = PairedTest.of(b, a);
        assertThat(back.meanDifference()).isEqualTo(-there.meanDifference());
        assertThat(back.probability()).isEqualTo(there.probability());
    }

    @Test
    void aSmallButSteadyDifferenceIsFoundAmongNoiseThatBothShare() {
        Random random = new Random(3);
        List<Double> first = random.doubles(16, 0, 10).boxed().toList();
        List<Double> second =
                first.stream().map(v -> v + 0.01 + 0.01 * random.nextDouble()).toList();
        assertThat(PairedTest.of(second, first).isSignificant()).isTrue();
        assertThat(PairedTest.of(first, first).probability()).isEqualTo(1);
    }

    @Test
    void manyPairsAreDrawnAndComeNearTheNormalDistribution() {
        Random random = new Random(5);
        List<Double> differences = IntStream.range(0, 60)
                .mapToObj(i -> random.nextGaussian() + 0.25)
                .toList();
        PairedTest test = PairedTest.of(differences, Collections.nCopies(60, 0.0));
        double z = Math.abs(test.meanDifference()) / test.standardError();
        assertThat(z).isBetween(0.5, 3.0);
        assertThat(test.probability()).isCloseTo(2 * (1 - normal(z)), within(0.02));
    }

    private static double normal(double z) {
        double sum = 0;
        for (double x = -8; x < z; x += 1e-4) {
            sum += Math.exp(-x * x / 2) * 1e-4;
        }
        return sum / Math.sqrt(2 * Math.PI);
    }

    @Test
    void pairsThatAreNoneAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PairedTest.of(List.of(1.0), List.of(2.0)))
                .withMessageContaining("two or more pairs");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PairedTest.of(List.of(1.0, 2.0), List.of(2.0, 3.0, 4.0)))
                .withMessageContaining("2 values and 3");
    }
}
