package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.internal.kernel.GridSearchKernels.GridFit;
import dev.quantreel.engines.internal.kernel.RowKernels.Errors;
import dev.quantreel.engines.internal.kernel.RowKernels.Moments;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RowKernelsTest {

    private static final RowKernels SCALAR = new ScalarRowKernels();
    private static final RowKernels VECTOR = new VectorRowKernels();
    private static final int OFFSET = 3;

    private static float[] random(int length) {
        Random random = new Random(length + 23L);
        float[] values = new float[OFFSET + length + 2];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 255, 4098})
    void bothGiveTheSameBitsAtAnOffset(int length) {
        float[] row = random(length);
        int to = OFFSET + length;
        assertThat(VECTOR.range(row, OFFSET, to)).isEqualTo(SCALAR.range(row, OFFSET, to));
        assertThat(VECTOR.moments(row, OFFSET, to, 0.3f)).isEqualTo(SCALAR.moments(row, OFFSET, to, 0.3f));
        for (UniformGrid grid : grids()) {
            assertThat(new VectorGridSearch().fit(row, OFFSET, to, grid))
                    .isEqualTo(new ScalarGridSearch().fit(row, OFFSET, to, grid));
            byte[] vector = new byte[row.length];
            byte[] scalar = new byte[row.length];
            VECTOR.codes(row, OFFSET, to, grid, vector);
            SCALAR.codes(row, OFFSET, to, grid, scalar);
            assertThat(vector).containsExactly(scalar);
            assertThat(VECTOR.errors(row, OFFSET, to, grid, vector))
                    .isEqualTo(SCALAR.errors(row, OFFSET, to, grid, vector));
        }
    }

    private static UniformGrid[] grids() {
        return new UniformGrid[] {
            new UniformGrid(0.2f, -7, 8), new UniformGrid(1e-3f, 0, 255), new UniformGrid(3, -255, 0)
        };
    }

    @Test
    void sumsAreThoseOfDoublePrecision() {
        float[] row = random(1000);
        UniformGrid grid = new UniformGrid(0.25f, -6, 9);
        double[] powers = new double[5];
        double[] sums = new double[5];
        int clipped = 0;
        for (int i = OFFSET; i < OFFSET + 1000; i++) {
            for (int k = 1; k <= 4; k++) {
                powers[k] += Math.pow(row[i], k);
            }
            double position = Math.rint(row[i] / 0.25);
            double level = Math.clamp(position, -6, 9);
            double error = row[i] - 0.25 * level;
            clipped += position == level ? 0 : 1;
            sums[0] += error * error;
            sums[1] += level;
            sums[2] += error;
            sums[3] += error * level;
            sums[4] += level * level;
        }
        Moments moments = VECTOR.moments(row, OFFSET, OFFSET + 1000, 1);
        assertThat((double) moments.sum()).isCloseTo(powers[1], within(1e-3));
        assertThat((double) moments.squares()).isCloseTo(powers[2], within(1e-2));
        assertThat((double) moments.cubes()).isCloseTo(powers[3], within(1e-2));
        assertThat((double) moments.fourths()).isCloseTo(powers[4], within(1e-1));
        byte[] codes = new byte[row.length];
        VECTOR.codes(row, OFFSET, OFFSET + 1000, grid, codes);
        Errors errors = VECTOR.errors(row, OFFSET, OFFSET + 1000, grid, codes);
        assertThat((double) errors.squares()).isCloseTo(sums[0], within(1e-4));
        assertThat((double) errors.sum()).isCloseTo(sums[2], within(1e-3));
        assertThat(errors.clipped()).isEqualTo(clipped).isPositive();
        GridFit fit = new VectorGridSearch().fit(row, OFFSET, OFFSET + 1000, grid);
        assertThat((double) fit.levels()).isCloseTo(sums[1], within(0.0));
        assertThat((double) fit.errorLevels()).isCloseTo(sums[3], within(1e-3));
        assertThat((double) fit.levelSquares()).isCloseTo(sums[4], within(0.0));
    }

    @Test
    void theRangeContainsZeroAndShowsWhatIsNotFinite() {
        float[] row = new float[40];
        assertThat(VECTOR.range(row, 0, 40)).isEqualTo(new RowKernels.Range(0, 0));
        Arrays.fill(row, 2);
        assertThat(VECTOR.range(row, 0, 40)).isEqualTo(new RowKernels.Range(0, 2));
        Arrays.fill(row, -2);
        assertThat(VECTOR.range(row, 0, 40)).isEqualTo(new RowKernels.Range(-2, 0));
        for (float bad : new float[] {
            Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.intBitsToFloat(0xFFC0_0000)
        }) {
            for (int place : new int[] {0, 17, 39}) {
                float[] poisoned = row.clone();
                poisoned[place] = bad;
                assertThat(VECTOR.range(poisoned, 0, 40).finite()).isFalse();
                assertThat(SCALAR.range(poisoned, 0, 40).finite()).isFalse();
            }
        }
    }

    @Test
    void largeWeightsGoToTheEndsOfTheGrid() {
        float[] row = new float[32];
        Arrays.fill(row, 0, 16, Float.MAX_VALUE);
        Arrays.fill(row, 16, 32, -Float.MAX_VALUE);
        byte[] codes = new byte[32];
        VECTOR.codes(row, 0, 32, new UniformGrid(1e-3f, -7, 8), codes);
        assertThat(codes).startsWith(15, 15).endsWith(0, 0);
        assertThat(VECTOR.errors(row, 0, 32, new UniformGrid(1, -7, 8), codes).clipped())
                .isEqualTo(32);
    }
}
