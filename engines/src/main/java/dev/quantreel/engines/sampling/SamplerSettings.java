package dev.quantreel.engines.sampling;

/// How to sample.
///
/// @param steps model evaluations per branch, 1 to 1000
/// @param cfg strength of classifier-free guidance; 1 leaves the unconditional pass out
/// @param schedule noise levels, with their shift
public record SamplerSettings(int steps, double cfg, SigmaSchedule schedule) {

    private static final double MAX_CFG = 100;

    public SamplerSettings {
        if (steps < 1 || steps > SigmaSchedule.MAX_STEPS) {
            throw new IllegalArgumentException("steps is " + steps + ", expected 1 to " + SigmaSchedule.MAX_STEPS);
        }
        if (!(cfg >= 0 && cfg <= MAX_CFG)) {
            throw new IllegalArgumentException("cfg is " + cfg + ", expected 0 to " + MAX_CFG);
        }
    }

    /// Whether both branches run.
    public boolean isGuided() {
        return cfg != 1;
    }
}
