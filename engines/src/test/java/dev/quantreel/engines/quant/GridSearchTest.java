package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The search against all 10,000 pairs of bounds it chooses from.
class GridSearchTest {

    private static final int ROWS = 12;
    private static final int COLUMNS = 1536;
    private static final int STEPS = 100;

    @ParameterizedTest(name = "{0} bits")
    @ValueSource(ints = {2, 3, 4, 5, 6, 8})
    void theErrorIsWithinAThousandthOfTheBestPairOfBoundsUpToFourBitsAndTwoBeyond(int bits) {
        float[][] data = {
            SyntheticData.gaussian(ROWS * COLUMNS, 0.04, 1),
            SyntheticData.student(ROWS * COLUMNS, 3, 2),
            SyntheticData.weights(ROWS, COLUMNS, 3),
            skewed(SyntheticData.gaussian(ROWS * COLUMNS, 0.04, 4))
        };
        double found = 0;
        double best = 0;
        for (float[] values : data) {
            for (int r = 0; r < ROWS; r++) {
                float[] row = new float[COLUMNS];
                System.arraycopy(values, r * COLUMNS, row, 0, COLUMNS);
                GridSearch search = new GridSearch(GridSearchKernels.best(), bits, row, COLUMNS);
                Grid grid = search.find(new WeightQuantizer.Pbq());
                float smallest = smallest(row, search, bits);
                // Rows of all scales count alike.
                found += error(row, grid) / smallest;
                best += 1;
            }
        }
        assertThat(found / best).as("error over the smallest").isBetween(0.9, bits <= 4 ? 1.001 : 1.002);
    }

    @ParameterizedTest(name = "{0} bits")
    @ValueSource(ints = {3, 4, 8})
    void noRowErrsMoreThanAThousandthBeyondAllHundredthsRefined(int bits) {
        for (float[] values : List.of(
                SyntheticData.gaussian(ROWS * COLUMNS, 0.04, 5),
                SyntheticData.student(ROWS * COLUMNS, 5, 6),
                SyntheticData.student(ROWS * COLUMNS, 3, 7),
                SyntheticData.weights(ROWS, COLUMNS, 8),
                skewed(SyntheticData.student(ROWS * COLUMNS, 5, 9)))) {
            double found = 0;
            double exhaustive = 0;
            for (int r = 0; r < ROWS; r++) {
                float[] row = Arrays.copyOfRange(values, r * COLUMNS, (r + 1) * COLUMNS);
                GridSearch search = new GridSearch(GridSearchKernels.best(), bits, row, COLUMNS);
                double error = error(row, search.find(new WeightQuantizer.Bgr()));
                double reference = allHundredthsRefined(row, search, (1 << bits) - 1);
                assertThat(error / reference).as("row %s", r).isLessThan(1.001);
                found += error;
                exhaustive += reference;
            }
            assertThat(found).isLessThanOrEqualTo(1.0001 * exhaustive);
        }
    }

    /// Both bounds shrunk alike in 100 steps, then coordinate descent, in double precision.
    private static double allHundredthsRefined(float[] row, GridSearch search, int maxCode) {
        double best = Double.MAX_VALUE;
        double step = 1;
        double zero = 0;
        for (int i = STEPS; i > 0; i--) {
            double candidate = (search.high() - search.low()) * i / STEPS / maxCode;
            double candidateZero = Math.clamp(Math.rint(-search.low() * i / STEPS / candidate), 0, maxCode);
            double error = sums(row, candidate, candidateZero, maxCode)[0];
            if (error < best) {
                best = error;
                step = candidate;
                zero = candidateZero;
            }
        }
        double before = best;
        for (int round = 0; round < 50; round++) {
            double[] sums = sums(row, step, zero, maxCode);
            step = sums[1] / sums[2];
            zero = Math.clamp(Math.rint(zero + (sums[3] - sums[4] / step) / row.length), 0, maxCode);
            double error = sums(row, step, zero, maxCode)[0];
            best = Math.min(best, error);
            if (before - error < 1e-4 * before) {
                break;
            }
            before = error;
        }
        return best;
    }

    /// Σe², Σqw, Σq², Σq, Σw.
    private static double[] sums(float[] row, double step, double zero, int maxCode) {
        double[] sums = new double[5];
        for (float weight : row) {
            double level = Math.clamp(Math.rint(weight / step), -zero, maxCode - zero);
            double error = weight - step * level;
            sums[0] += error * error;
            sums[1] += level * weight;
            sums[2] += level * level;
            sums[3] += level;
            sums[4] += weight;
        }
        return sums;
    }

    private static float smallest(float[] row, GridSearch search, int bits) {
        float smallest = Float.MAX_VALUE;
        for (int lower = 1; lower <= STEPS; lower++) {
            for (int upper = 1; upper <= STEPS; upper++) {
                Grid grid = Grid.over(search.low() * lower / STEPS, search.high() * upper / STEPS, (1 << bits) - 1);
                smallest = Math.min(smallest, error(row, grid));
            }
        }
        return smallest;
    }

    private static float error(float[] row, Grid grid) {
        return GridSearchKernels.best().squaredError(row, 0, COLUMNS, grid.uniform());
    }

    private static float[] skewed(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = values[i] > 0 ? 3 * values[i] : values[i];
        }
        return values;
    }
}
