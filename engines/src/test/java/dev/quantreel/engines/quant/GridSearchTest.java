package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
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
