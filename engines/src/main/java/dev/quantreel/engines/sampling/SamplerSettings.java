package dev.quantreel.engines.sampling;

/// How to sample.
///
/// @param steps model evaluations per branch, 1 to 1000
/// @param cfg strength of classifier-free guidance; 1 leaves the unconditional pass out
/// @param schedule noise levels, with their shift
/// @param solver numerical method
/// @param prediction what the model puts out
public record SamplerSettings(int steps, double cfg, SigmaSchedule schedule, Solver solver, Prediction prediction) {

    private static final double MAX_CFG = 100;

    public SamplerSettings {
        if (steps < 1 || steps > SigmaSchedule.MAX_STEPS) {
            throw new IllegalArgumentException("steps is " + steps + ", expected 1 to " + SigmaSchedule.MAX_STEPS);
        }
        if (!(cfg >= 0 && cfg <= MAX_CFG)) {
            throw new IllegalArgumentException("cfg is " + cfg + ", expected 0 to " + MAX_CFG);
        }
    }

    /// Euler's method on a flow model.
    public SamplerSettings(int steps, double cfg, SigmaSchedule schedule) {
        this(steps, cfg, schedule, new Euler(), Prediction.FLOW);
    }

    /// The noise levels of all steps.
    public NoiseLevels levels() {
        return schedule.levels(steps, prediction);
    }

    /// The same with other guidance.
    public SamplerSettings withCfg(double newCfg) {
        return new SamplerSettings(steps, newCfg, schedule, solver, prediction);
    }

    /// Whether both branches run.
    public boolean isGuided() {
        return cfg != 1;
    }
}
