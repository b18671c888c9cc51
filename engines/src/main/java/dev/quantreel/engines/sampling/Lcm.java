package dev.quantreel.engines.sampling;

/// The sampler of consistency-distilled files: takes the clean latent the model sees and gives it fresh noise of the
/// next level (Luo et al., 2023, arXiv 2310.04378; ComfyUI's `lcm`). For files distilled to about 4 steps.
public record Lcm() implements Solver {

    @Override
    public Run start(NoiseLevels levels, NoiseSource noise) {
        return (step, at) -> levels.sigma(step + 1) == 0
                ? at.clean()
                : WeightedSum.of(levels.alpha(step + 1), at.clean())
                        .plus(levels.sigma(step + 1), noise.next(at.latent().shape()))
                        .tensor();
    }
}
