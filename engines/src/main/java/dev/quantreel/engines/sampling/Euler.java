package dev.quantreel.engines.sampling;

import dev.quantreel.engines.tensor.Tensor;

/// Euler's method: a straight step along the velocity, x += (σ_{i+1} − σ_i)·v.
///
/// For V and EPSILON models it is DDIM without noise (Song et al., 2020), which is the same step taken in x / α:
/// x = α_{i+1}·clean + σ_{i+1}·noise. ComfyUI's `euler` and `ddim` both.
public record Euler() implements Solver {

    @Override
    public Run start(NoiseLevels levels, NoiseSource noise) {
        return (step, at) -> levels.prediction() == Prediction.FLOW
                ? WeightedSum.of(1, at.latent())
                        .plus(levels.sigma(step + 1) - levels.sigma(step), at.output())
                        .tensor()
                : deterministic(levels, step, at);
    }

    private static Tensor deterministic(NoiseLevels levels, int step, Evaluation at) {
        double ratio = levels.sigma(step + 1) / levels.sigma(step);
        return WeightedSum.of(ratio, at.latent())
                .plus(levels.alpha(step + 1) - ratio * levels.alpha(step), at.clean())
                .tensor();
    }
}
