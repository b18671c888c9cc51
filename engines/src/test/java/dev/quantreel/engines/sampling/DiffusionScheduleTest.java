package dev.quantreel.engines.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.sampling.DiffusionSchedule.Betas;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiffusionScheduleTest {

    private static final Shape LATENT = Shape.of(1, 1, 1, 1, 3);

    @ParameterizedTest
    @EnumSource(Betas.class)
    void levelsFallToZeroAndEachTellsItsTime(Betas betas) {
        for (double shift : new double[] {0.5, 1, 3}) {
            DiffusionSchedule schedule = new DiffusionSchedule(betas, shift);
            for (int steps : new int[] {1, 2, 7, 50, 1000}) {
                double[] sigmas = schedule.sigmas(steps);
                assertThat(sigmas).hasSize(steps + 1);
                assertThat(sigmas[steps]).isZero();
                for (int i = 0; i < steps; i++) {
                    assertThat(sigmas[i]).isGreaterThan(sigmas[i + 1]).isLessThanOrEqualTo(1);
                    assertThat(schedule.sigmas(1000)[999 - (int) schedule.timestep(sigmas[i])])
                            .isEqualTo(sigmas[i]);
                }
            }
        }
    }

    @Test
    void cogVideoXBeginsAtNoiseAloneAndLatteBelowIt() {
        assertThat(SigmaSchedule.named("cogvideox", 3).sigmas(50)[0]).isEqualTo(1);
        assertThat(SigmaSchedule.named("cogvideox", 3).timestep(1)).isEqualTo(999);
        assertThat(SigmaSchedule.named("latte", 1).sigmas(50)[0]).isBetween(0.99, 0.99999);
        assertThat(SigmaSchedule.named("latte", 1)
                        .levels(50, Prediction.EPSILON)
                        .timesteps())
                .startsWith(980f, 960f)
                .endsWith(0f);
    }

    @Test
    void theShiftDividesTheSignalToNoiseRatio() {
        double plain = new DiffusionSchedule(Betas.LINEAR, 1).sigmas(4)[1];
        double shifted = new DiffusionSchedule(Betas.LINEAR, 3).sigmas(4)[1];

        assertThat(snr(shifted)).isCloseTo(snr(plain) / 3, within(1e-9));
        assertThat(new DiffusionSchedule(Betas.LINEAR, 3).unshifted(4)[1]).isEqualTo(plain);
    }

    private static double snr(double sigma) {
        return (1 - sigma * sigma) / (sigma * sigma);
    }

    /// A model that knows the clean latent leads DDIM to it in any number of steps.
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 50})
    void aPerfectModelIsFollowedToTheCleanLatent(int steps) {
        Tensor clean = Tensor.of(LATENT, 1, -2, 0.5f);
        Tensor noise = Tensor.of(LATENT, 0.3f, 1.5f, -1);
        for (Prediction prediction : new Prediction[] {Prediction.V, Prediction.EPSILON}) {
            String name = prediction == Prediction.V ? "cogvideox" : "latte";
            NoiseLevels levels = SigmaSchedule.named(name, 1).levels(steps, prediction);
            Solver.Run run = new Euler().start(levels, shape -> noise);
            Tensor latent = levels.noised(clean, noise);
            for (int step = 0; step < steps; step++) {
                double sigma = levels.sigma(step);
                Tensor output = prediction == Prediction.EPSILON
                        ? noise
                        : WeightedSum.of(levels.alpha(step), noise)
                                .plus(-sigma, clean)
                                .tensor();
                Tensor seen = prediction.clean(latent, output, sigma);
                latent = run.next(step, new Solver.Evaluation(latent, output, seen));
            }
            float[] end = latent.toFloatArray();
            for (int i = 0; i < end.length; i++) {
                assertThat(end[i]).isCloseTo(clean.toFloatArray()[i], within(2e-4f));
            }
        }
    }

    @Test
    void levelsOfTheOtherKindOfModelAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SigmaSchedule.named("linear", 1).levels(4, Prediction.V))
                .withMessageContainingAll("predicts V", "cogvideox", "latte");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SigmaSchedule.named("cogvideox", 1).levels(4, Prediction.FLOW))
                .withMessageContainingAll("flow model", "linear");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DiffusionSchedule(Betas.LINEAR, 0))
                .withMessageContaining("shift is 0");
    }

    @Test
    void ltxVideoEndsAtATenthAndTakesMoreNoiseForMoreTokens() {
        assertThat(SigmaSchedule.Stretched.shiftFor(1024)).isCloseTo(Math.exp(0.95), within(1e-12));
        assertThat(SigmaSchedule.Stretched.shiftFor(4096)).isCloseTo(Math.exp(2.05), within(1e-12));
        for (int steps : new int[] {2, 8, 30}) {
            double[] sigmas = SigmaSchedule.named("ltxv", 7.77).sigmas(steps);
            assertThat(sigmas[0]).isEqualTo(1);
            assertThat(sigmas[steps - 1]).isCloseTo(0.1, within(1e-12));
            assertThat(sigmas[steps]).isZero();
        }
        assertThat(SigmaSchedule.named("ltxv", 7.77).sigmas(1)).containsExactly(1, 0);
    }
}
