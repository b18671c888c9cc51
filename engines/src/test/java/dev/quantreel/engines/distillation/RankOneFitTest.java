package dev.quantreel.engines.distillation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class RankOneFitTest {

    private static final ParallelPieces PIECES = new ParallelPieces(1, CancellationToken.NONE);

    private static TokenSample sample(Tensor x, int frames) {
        int tokens = Math.toIntExact(x.shape().dim(0));
        int channels = Math.toIntExact(x.shape().dim(1));
        TokenSample sample = new TokenSample(channels, frames);
        sample.take(Tensor.of(Shape.of(1, tokens, channels), x.toFloatArray()), tokens, 0);
        return sample;
    }

    private static float[] estimate(TokenSample x, RankOneFit.Fit fit) {
        int outputs = fit.beta().length;
        float[] estimate = new float[x.tokens() * outputs];
        for (int token = 0; token < x.tokens(); token++) {
            double factor = fit.frames().isEmpty() ? 1 : fit.frames().factors().get(x.frame(token));
            double reduced = factor * x.dot(token, fit.alpha());
            for (int output = 0; output < outputs; output++) {
                estimate[token * outputs + output] = (float) (reduced * fit.beta()[output]);
            }
        }
        return estimate;
    }

    private static double left(float[] errors, float[] estimate) {
        double left = 0;
        double all = 0;
        for (int i = 0; i < errors.length; i++) {
            left += Math.pow((double) errors[i] - estimate[i], 2);
            all += (double) errors[i] * errors[i];
        }
        return left / all;
    }

    @Test
    void theIterationReachesTheClosedFormOfTheIndependentReference() {
        try (SafetensorsFile file = GoldenResource.open("error_estimation.safetensors")) {
            TokenSample x = sample(file.tensor("x"), 3);
            float[] errors = file.tensor("errors").toFloatArray();
            double[] frames = FrameStatistic.factors(
                    x,
                    ActivationMatrix.of(x.channels(), file.tensor("x").toFloatArray()),
                    ActivationMatrix.of(x.channels(), file.tensor("rounded").toFloatArray()));
            for (int i = 0; i < 3; i++) {
                assertThat(frames[i]).isCloseTo(number(file.tensor("expected.frames"), i), within(1e-12));
            }

            RankOneFit.Fit fit = RankOneFit.solve(new RankOneFit.Problem(x, 17, errors, 0.01), frames, 0, PIECES);

            float[] estimate = estimate(x, fit);
            for (int i = 0; i < estimate.length; i++) {
                assertThat((double) estimate[i]).isCloseTo(number(file.tensor("expected.estimate"), i), within(2e-4));
            }
            assertThat(left(errors, estimate)).isCloseTo(number(file.tensor("expected.share"), 0), within(1e-6));
        }
    }

    private static double number(Tensor tensor, long index) {
        return tensor.data().getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, index);
    }

    /// `E = diag(m) X α βᵀ` of known factors.
    @Test
    void anErrorOfThatFormIsFoundWholeWithTheFactorsOfItsFrames() {
        TokenSample x = sample(Tensor.of(Shape.of(60, 8), SyntheticData.gaussian(60 * 8, 1, 1)), 3);
        double[] m = {0.5, 2, -1};
        float[] alpha = SyntheticData.gaussian(8, 1, 2);
        float[] beta = SyntheticData.gaussian(5, 1, 3);
        float[] errors = new float[60 * 5];
        for (int token = 0; token < 60; token++) {
            double reduced = 0;
            for (int channel = 0; channel < 8; channel++) {
                reduced += x.at(token, channel) * alpha[channel];
            }
            for (int output = 0; output < 5; output++) {
                errors[token * 5 + output] = (float) (m[x.frame(token)] * reduced * beta[output]);
            }
        }
        RankOneFit.Problem problem = new RankOneFit.Problem(x, 5, errors, 0);

        RankOneFit.Fit fit = RankOneFit.solve(problem, new double[] {1, 1, 1}, 60, PIECES);

        assertThat(left(errors, estimate(x, fit))).isLessThan(1e-5);
        double first = fit.frames().factors().getFirst();
        assertThat(fit.frames().factors().get(1) / first).isCloseTo(4, within(1e-2));
        assertThat(fit.frames().factors().get(2) / first).isCloseTo(-2, within(1e-2));
        assertThat(left(errors, estimate(x, RankOneFit.solve(problem, new double[] {1, 1, 1}, 0, PIECES))))
                .as("without solving the factors")
                .isGreaterThan(0.1);
    }

    @Test
    void turnsOfTheFramesNeverRaiseTheError() {
        TokenSample x = sample(Tensor.of(Shape.of(90, 12), SyntheticData.gaussian(90 * 12, 1, 4)), 3);
        float[] errors = SyntheticData.gaussian(90 * 7, 1, 5);
        RankOneFit.Problem problem = new RankOneFit.Problem(x, 7, errors, 0);
        double before = 1;
        for (int turns = 0; turns < 5; turns++) {
            double left = left(errors, estimate(x, RankOneFit.solve(problem, new double[] {1, 3, 0.2}, turns, PIECES)));
            assertThat(left).isLessThanOrEqualTo(before + 1e-6);
            before = left;
        }
    }

    @Test
    void noErrorAndNoInputGiveAnEstimateOfZero() {
        TokenSample x = sample(Tensor.of(Shape.of(4, 2), 1, 2, 3, 4, 5, 6, 7, 8), 0);
        RankOneFit.Fit none =
                RankOneFit.solve(new RankOneFit.Problem(x, 3, new float[12], 0.01), new double[0], 4, PIECES);
        assertThat(none.alpha()).containsOnly(0);
        assertThat(none.frames().isEmpty()).isTrue();
        TokenSample zeros = sample(Tensor.of(Shape.of(4, 2), 0, 0, 0, 0, 0, 0, 0, 0), 2);
        RankOneFit.Fit still = RankOneFit.solve(
                new RankOneFit.Problem(zeros, 1, new float[] {1, 2, 3, 4}, 0.01), new double[] {1, 1}, 4, PIECES);
        assertThat(still.alpha()).containsOnly(0);
        assertThat(still.beta()).doesNotContain(Double.NaN);
        assertThat(still.frames().factors())
                .allSatisfy(factor -> assertThat(factor).isFinite());
    }
}
