package dev.quantreel.engines.evaluation;

import java.util.List;

/// One figure of the methods' reference tables beside several draws of ours.
///
/// The reference's figures come from a single draw each of random data whose generator is not at hand; they are met if
/// they are near the mean of our draws, or no further from it than our own draws are.
///
/// @param name of the method, bits and data
/// @param reference what the table says
/// @param draws what we measured, each from random data of its own
/// @param tolerance that is asked of the mean: a share of the reference, or decibels
/// @param isRelative whether the tolerance is a share
public record FormulaLine(String name, double reference, List<Double> draws, double tolerance, boolean isRelative) {

    private static final double SHARE = 0.03;
    private static final double DECIBELS = 0.3;
    private static final double DEVIATIONS = 2;

    public FormulaLine {
        draws = List.copyOf(draws);
    }

    static FormulaLine ofShare(String name, double reference, List<Double> draws) {
        return new FormulaLine(name, reference, draws, SHARE, true);
    }

    static FormulaLine ofDecibels(String name, double reference, List<Double> draws) {
        return new FormulaLine(name, reference, draws, DECIBELS, false);
    }

    /// How the reference lies to the draws.
    public enum Verdict {
        /// Within the tolerance of their mean.
        MEAN("mean"),
        /// Between the smallest and the largest of them, or within two standard deviations of their mean.
        DRAWS("draws"),
        /// Neither.
        OUTSIDE("OUTSIDE");

        private final String word;

        Verdict(String word) {
            this.word = word;
        }

        @Override
        public String toString() {
            return word;
        }
    }

    /// Mean and standard deviation of the draws.
    public Row.Spread spread() {
        return Row.Spread.of(draws.stream().mapToDouble(Double::doubleValue).toArray());
    }

    public double smallest() {
        return draws.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
    }

    public double largest() {
        return draws.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
    }

    public Verdict verdict() {
        double allowed = isRelative ? tolerance * Math.abs(reference) : tolerance;
        if (Math.abs(spread().mean() - reference) <= allowed) {
            return Verdict.MEAN;
        }
        boolean among = reference >= smallest() && reference <= largest();
        boolean near = Math.abs(spread().mean() - reference) <= DEVIATIONS * spread().std();
        return among || near ? Verdict.DRAWS : Verdict.OUTSIDE;
    }
}
