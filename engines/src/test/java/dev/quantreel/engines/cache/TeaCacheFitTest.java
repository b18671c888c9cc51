package dev.quantreel.engines.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.cache.StepCache.Watched;
import dev.quantreel.engines.cache.TeaCacheFit.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TeaCacheFitTest {

    @ParameterizedTest
    @EnumSource
    void pointsOfAPublishedPolynomialGiveItBack(TeaCacheProfile profile) {
        List<Point> points = points(profile, 0.01, 0.3, 60, 0);
        TeaCacheFit fit = TeaCacheFit.fit("m", Watched.TIME_EMBEDDING, points, 4);

        assertThat(fit.relativeError(points)).isLessThan(1e-9);
        for (Point point : points) {
            assertThat(fit.estimate(point.signal()))
                    .isCloseTo(point.output(), within(1e-7 * Math.max(1, Math.abs(point.output()))));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void noOtherPolynomialOfTheDegreeIsNearer(int degree) {
        List<Point> points = points(TeaCacheProfile.WAN_T2V_1_3B, 0.01, 0.2, 80, 0.02);
        TeaCacheFit fit = TeaCacheFit.fit("m", Watched.TIME_EMBEDDING, points, degree);
        double best = fit.relativeError(points);

        assertThat(fit.coefficients()).hasSize(degree + 1);
        for (int i = 0; i <= degree; i++) {
            for (double factor : new double[] {0.99, 1.01}) {
                List<Double> moved = new ArrayList<>(fit.coefficients());
                moved.set(i, moved.get(i) * factor);
                assertThat(TeaCacheFit.of(Watched.TIME_EMBEDDING, moved).relativeError(points))
                        .isGreaterThan(best);
            }
        }
    }

    @Test
    void tooFewOrUselessStepsAreNamed() {
        List<Point> same = List.of(new Point(0.1, 0.2), new Point(0.1, 0.3), new Point(0.2, 0.3));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TeaCacheFit.fit("m", Watched.TIME_EMBEDDING, same, 2))
                .withMessageContainingAll("degree 2", "at least 3", "there are 2");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TeaCacheFit.fit("m", Watched.TIME_EMBEDDING, List.of(new Point(Double.NaN, 1)), 1))
                .withMessageContaining("NaN");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TeaCacheFit.fit("m", Watched.TIME_EMBEDDING, same, 5))
                .withMessageContaining("5");
    }

    @Test
    void theTextReadsBackAsTheSamePolynomial() {
        TeaCacheFit fit = TeaCacheFit.of(Watched.TIME_EMBEDDING, TeaCacheProfile.WAN_T2V_14B.coefficients());

        assertThat(fit.text().split(", ", -1))
                .extracting(Double::valueOf)
                .containsExactlyElementsOf(TeaCacheProfile.WAN_T2V_14B.coefficients());
    }

    private static List<Point> points(TeaCacheProfile profile, double from, double to, int count, double noise) {
        Random random = new Random(5);
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double x = from + (to - from) * i / (count - 1);
            points.add(new Point(x, profile.estimate(x) + noise * random.nextGaussian()));
        }
        return points;
    }
}
