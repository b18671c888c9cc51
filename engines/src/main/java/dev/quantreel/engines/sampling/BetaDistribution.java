package dev.quantreel.engines.sampling;

/// The symmetric Beta distribution.
final class BetaDistribution {

    private static final int BISECTIONS = 60;

    private BetaDistribution() {}

    /// Where the distribution function of Beta(a, a) reaches `probability`.
    ///
    /// @param a more than 0
    static double quantile(double a, double probability) {
        if (probability == 0.5) {
            return 0.5;
        }
        if (probability > 0.5) {
            return 1 - quantile(a, 1 - probability);
        }
        double wanted = probability * 2 * lowerIntegral(a, 0.5);
        double low = 0;
        double high = 0.5;
        for (int i = 0; i < BISECTIONS; i++) {
            double middle = (low + high) / 2;
            if (lowerIntegral(a, middle) < wanted) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    /// ∫₀ˣ t^{a−1}(1−t)^{a−1} dt as xᵃ Σ (1−a)ₙ xⁿ / (n! (a + n)); x is 1/2 at most, so each term halves.
    private static double lowerIntegral(double a, double x) {
        double coefficient = 1;
        double sum = 1 / a;
        for (int n = 1; Math.abs(coefficient) > 1e-18; n++) {
            coefficient *= (n - a) / n * x;
            sum += coefficient / (a + n);
        }
        return Math.pow(x, a) * sum;
    }
}
