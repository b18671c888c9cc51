package dev.quantreel.engines.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Whether two methods differ by more than chance, measured on the same prompts and noises.
///
/// The test turns the signs of the differences in all ways (Fisher's permutation test): were the methods alike, either
/// sign would be as likely. Nothing is assumed of the distribution.
///
/// @param meanDifference of the first less the second
/// @param standardError of that mean
/// @param probability of a mean at least as far from zero were the methods alike, two-sided
public record PairedTest(double meanDifference, double standardError, double probability) {

    /// All sign patterns of so many pairs are tried; of more, as many patterns are drawn.
    private static final int EXHAUSTIVE = 20;

    private static final double ROUNDING = 1e-12;

    /// @param first one value per pair
    /// @param second the values of the same pairs
    /// @throws IllegalArgumentException when there are fewer than two pairs, or their numbers differ
    public static PairedTest of(List<Double> first, List<Double> second) {
        if (first.size() != second.size() || first.size() < 2) {
            throw new IllegalArgumentException(
                    "a paired test needs two or more pairs, got " + first.size() + " values and " + second.size());
        }
        List<Double> differences = new ArrayList<>();
        for (int i = 0; i < first.size(); i++) {
            differences.add(first.get(i) - second.get(i));
        }
        double[] values = differences.stream().mapToDouble(Double::doubleValue).toArray();
        Row.Spread spread = Row.Spread.of(values);
        return new PairedTest(spread.mean(), spread.std() / Math.sqrt(values.length), probability(values));
    }

    /// Whether chance alone gives so much less often than once in twenty.
    public boolean isSignificant() {
        return probability < 0.05;
    }

    private static double probability(double[] differences) {
        double observed = Math.abs(signed(differences, 0));
        double reached = observed - ROUNDING * (1 + observed);
        boolean all = differences.length <= EXHAUSTIVE;
        int patterns = 1 << Math.min(differences.length, EXHAUSTIVE);
        Random random = new Random(0);
        long mask = (1L << Math.min(63, differences.length)) - 1;
        long asFar = 0;
        for (int pattern = 0; pattern < patterns; pattern++) {
            long signs = all || pattern == 0 ? pattern : random.nextLong() & mask;
            asFar += Math.abs(signed(differences, signs)) >= reached ? 1 : 0;
        }
        return (double) asFar / patterns;
    }

    private static double signed(double[] differences, long signs) {
        double sum = 0;
        for (int i = 0; i < differences.length; i++) {
            sum += (signs >> i & 1) == 0 ? differences[i] : -differences[i];
        }
        return sum;
    }
}
