package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.internal.kernel.GridBatchKernels;
import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Batches of grids against the search of rows, and against all pairs of bounds.
class GroupSearchTest {

    private static final int GROUPS = 300;

    private static float[][] data(int columns) {
        int count = GROUPS * columns;
        return new float[][] {
            SyntheticData.gaussian(count, 0.04, 1),
            SyntheticData.student(count, 3, 2),
            SyntheticData.student(count, 5, 3),
            SyntheticData.weights(GROUPS, columns, 4)
        };
    }

    @ParameterizedTest(name = "{0} columns, {1} bits")
    @CsvSource({"64, 2", "64, 3", "64, 4", "64, 6", "64, 8", "128, 3", "128, 4", "128, 8", "32, 4", "8, 4"})
    void groupsAreSearchedAsWellAsRows(int columns, int bits) {
        GridSearchKernels kernels = GridSearchKernels.best();
        GroupSearch search = new GroupSearch(GridBatchKernels.best(), kernels, bits);
        WeightQuantizer.Bgr bgr = new WeightQuantizer.Bgr();
        double ratios = 0;
        int count = 0;
        for (float[] values : data(columns)) {
            for (int g = 0; g < GROUPS; g++) {
                float[] group = Arrays.copyOfRange(values, g * columns, (g + 1) * columns);
                Grid byRow = new GridSearch(kernels, bits, group, columns).find(bgr);
                ratios += ratio(error(group, search.find(bgr, group)), error(group, byRow));
                count++;
            }
        }
        assertThat(ratios / count)
                .as("mean of the errors over those of the other")
                .isLessThan(1.002);
    }

    /// Errors of groups of few columns and many bits can be 0.
    private static double ratio(float error, float other) {
        return other == 0 ? 1 : error / other;
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 8})
    void withoutRefinementTheBestPairOfBoundsIsNearlyFound(int bits) {
        GridSearchKernels kernels = GridSearchKernels.best();
        GroupSearch search = new GroupSearch(GridBatchKernels.best(), kernels, bits);
        double found = 0;
        double best = 0;
        for (float[] values : data(64)) {
            for (int g = 0; g < 40; g++) {
                float[] group = Arrays.copyOfRange(values, g * 64, (g + 1) * 64);
                float least = Float.MAX_VALUE;
                Grid range = search.find(new WeightQuantizer.MinMax(), group);
                float low = -range.zeroPoint() * range.step();
                float high = low + range.maxCode() * range.step();
                for (int i = 30; i <= 100; i++) {
                    for (int j = 30; j <= 100; j++) {
                        least = Math.min(
                                least, error(group, Grid.over(low * i / 100, high * j / 100, range.maxCode())));
                    }
                }
                found += error(group, search.find(new WeightQuantizer.Pbq(), group)) / least;
                best++;
            }
        }
        assertThat(found / best).isLessThan(1.06);
    }

    @Test
    void aGroupOfOneValueAndOneOfZerosHaveNoError() {
        GroupSearch search = new GroupSearch(GridBatchKernels.best(), GridSearchKernels.best(), 4);
        float[] group = new float[64];
        assertThat(error(group, search.find(new WeightQuantizer.Bgr(), group))).isZero();
        Arrays.fill(group, 0.37f);
        assertThat(error(group, search.find(new WeightQuantizer.Bgr(), group))).isLessThan(1e-12f);
    }

    private static float error(float[] group, Grid grid) {
        return GridSearchKernels.best().squaredError(group, 0, group.length, grid.uniform());
    }
}
