package dev.quantreel.engines.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class SolverTest {

    static final List<String> NAMES = Solver.NAMES;

    /// Data are normal with this mean and deviation, so that the exact path is known: a latent keeps its quantile.
    private static final double MEAN = 0.7;

    private static final double DEVIATION = 0.4;
    private static final Shape CELLS = Shape.of(1, 1, 1, 1, 4);
    private static final float[] QUANTILES = {-1.5f, -0.2f, 0.4f, 2};

    @ParameterizedTest(name = "{0}: error falls by {1} when steps double")
    @CsvSource({"euler, 1.8", "dpmpp_2m, 3.5", "wan_dpmpp, 3.5", "wan_unipc, 5", "uni_pc, 5", "uni_pc_bh2, 5"})
    void theErrorFallsByTheOrderOfTheMethod(String name, double factor) {
        Solver solver = Solver.named(name);
        double coarse = error(solver, levels(Prediction.FLOW, 0.3, 20));
        double fine = error(solver, levels(Prediction.FLOW, 0.3, 40));

        assertThat(coarse / fine).isGreaterThan(factor);
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void everyMethodFollowsTheExactPathWhateverTheModelPredicts(String name) {
        for (Prediction prediction : Prediction.values()) {
            if (!name.equals("lcm")) {
                assertThat(error(Solver.named(name), levels(prediction, 0.01, 50)))
                        .as("%s of a %s model", name, prediction)
                        .isLessThan(0.03);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void oneStepIsTheCleanLatentTheModelSees(String name) {
        NoiseLevels levels = new SigmaSchedule.Linear(5).levels(1, Prediction.FLOW);
        Tensor clean = Tensor.of(CELLS, 1, 2, 3, 4);
        Tensor noise = Tensor.of(CELLS, QUANTILES);
        Tensor velocity = WeightedSum.of(1, noise).plus(-1, clean).tensor();
        Tensor end = Solver.named(name)
                .start(levels, TorchNoise.source(1))
                .next(0, new Solver.Evaluation(noise, velocity, clean));

        float[] values = end.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            // ComfyUI's UniPC stops at 0.001.
            assertThat(values[i]).isCloseTo(i + 1, within(0.005f));
        }
    }

    @Test
    void lcmAddsFreshNoiseOfTheNextLevelToTheCleanLatent() {
        NoiseLevels levels = new SigmaSchedule.Linear(5).levels(4, Prediction.FLOW);
        Tensor clean = Tensor.of(CELLS, 1, 2, 3, 4);
        Tensor latent = Tensor.of(CELLS, 9, 9, 9, 9);
        Solver.Evaluation at = new Solver.Evaluation(latent, latent, clean);
        Solver.Run run = new Lcm().start(levels, TorchNoise.source(42));
        NoiseSource same = TorchNoise.source(42);

        for (int step = 0; step < 3; step++) {
            double sigma = levels.sigma(step + 1);
            float[] expected = WeightedSum.of(1 - sigma, clean)
                    .plus(sigma, same.next(CELLS))
                    .tensor()
                    .toFloatArray();
            assertThat(run.next(step, at).toFloatArray()).containsExactly(expected);
        }
        assertThat(run.next(3, at).toFloatArray()).containsExactly(1, 2, 3, 4);
    }

    @ParameterizedTest
    @FieldSource("NAMES")
    void aRunLeavesNothingBehindForTheNext(String name) {
        Solver solver = Solver.named(name);
        NoiseLevels levels = levels(Prediction.FLOW, 0.2, 7);
        assertThat(error(solver, levels)).isEqualTo(error(solver, levels));
    }

    @Test
    void aSectionBeginsAndEndsWhereItIsTold() {
        NoiseLevels all = new SigmaSchedule.Linear(3).levels(10, Prediction.FLOW);
        NoiseLevels first = all.section(0, 4, true);
        NoiseLevels rest = all.section(4, 10_000, true);

        assertThat(first.sigmas()).containsExactlyElementsOf(all.sigmas().subList(0, 5));
        assertThat(rest.sigmas()).containsExactlyElementsOf(all.sigmas().subList(4, 11));
        assertThat(all.section(2, 4, false).sigmas()).containsExactly(all.sigma(2), all.sigma(3), 0.0);
        assertThat(rest.timestep(0)).isEqualTo(all.timestep(4));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> all.section(10, 12, true))
                .withMessageContaining("10 to 12");
    }

    @Test
    void eulerInTwoSectionsIsEulerInOne() {
        NoiseLevels all = new SigmaSchedule.Linear(3).levels(10, Prediction.FLOW);
        Tensor noise = Tensor.of(CELLS, QUANTILES);
        Tensor middle = path(new Euler(), all.section(0, 6, true), noise);

        assertThat(path(new Euler(), all.section(6, 10, false), middle).toFloatArray())
                .containsExactly(path(new Euler(), all, noise).toFloatArray());
    }

    @Test
    void whatThereIsNotIsNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Solver.named("heun"))
                .withMessageContaining("'heun'")
                .withMessageContaining("euler, uni_pc");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KnownFrames(Tensor.of(CELLS, 1, 2, 3, 4), 2))
                .withMessageContaining("2 known frames");
    }

    @Test
    void knownFramesTakeTheirPlace() {
        Tensor known = Tensor.of(Shape.of(1, 2, 1, 1, 2), 1, 2, 3, 4);
        Tensor noisy = Tensor.of(Shape.of(1, 2, 3, 1, 2), 9, 9, 8, 8, 7, 7, 6, 6, 5, 5, 0, 0);

        assertThat(new KnownFrames(known, 1).in(noisy).toFloatArray())
                .containsExactly(1, 2, 8, 8, 7, 7, 3, 4, 5, 5, 0, 0);
        assertThat(noisy.toFloatArray()).startsWith(9, 9);
    }

    /// Evenly spaced levels from almost noise on.
    private static NoiseLevels levels(Prediction prediction, double end, int steps) {
        double begin = 0.98;
        List<Double> sigmas = IntStream.rangeClosed(0, steps)
                .mapToObj(i -> begin + (end - begin) * i / steps)
                .toList();
        return new NoiseLevels(sigmas, Collections.nCopies(steps, 0f), prediction);
    }

    /// Largest distance of the end of the path from the exact one.
    private static double error(Solver solver, NoiseLevels levels) {
        float[] expected = exact(levels, levels.steps()).toFloatArray();
        float[] end = path(solver, levels, exact(levels, 0)).toFloatArray();
        double worst = 0;
        for (int i = 0; i < end.length; i++) {
            worst = Math.max(worst, Math.abs(end[i] - expected[i]));
        }
        return worst;
    }

    private static Tensor exact(NoiseLevels levels, int level) {
        return WeightedSum.of(deviation(levels, levels.sigma(level)), Tensor.of(CELLS, QUANTILES))
                .plus(levels.alpha(level) * MEAN, Tensor.of(CELLS, 1, 1, 1, 1))
                .tensor();
    }

    private static double deviation(NoiseLevels levels, double sigma) {
        return Math.hypot(levels.prediction().alpha(sigma) * DEVIATION, sigma);
    }

    private static Tensor path(Solver solver, NoiseLevels levels, Tensor start) {
        Solver.Run run = solver.start(levels, TorchNoise.source(3));
        Tensor latent = start;
        for (int step = 0; step < levels.steps(); step++) {
            Tensor output = output(levels, levels.sigma(step), latent);
            Tensor clean = levels.prediction().clean(latent, output, levels.sigma(step));
            latent = run.next(step, new Solver.Evaluation(latent, output, clean));
        }
        return latent;
    }

    /// What a perfect model answers: the conditional mean of what it predicts.
    private static Tensor output(NoiseLevels levels, double sigma, Tensor latent) {
        double alpha = levels.prediction().alpha(sigma);
        double variance = Math.pow(deviation(levels, sigma), 2);
        float[] x = latent.toFloatArray();
        float[] result = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            double clean = MEAN + alpha * DEVIATION * DEVIATION / variance * (x[i] - alpha * MEAN);
            double noise = sigma / variance * (x[i] - alpha * MEAN);
            result[i] = (float)
                    switch (levels.prediction()) {
                        case FLOW -> noise - clean;
                        case V -> alpha * noise - sigma * clean;
                        case EPSILON -> noise;
                    };
        }
        return Tensor.of(latent.shape(), result);
    }
}
