package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LevelKernelsTest {

    private static final LevelKernels SCALAR = new ScalarLevels();
    private static final LevelKernels VECTOR = new VectorLevels();
    private static final int OFFSET = 3;
    private static final LevelKernels.Shrinkage SHRINKAGE = new LevelKernels.Shrinkage(-0.3f, 10);

    private static float[] random(int length) {
        Random random = new Random(length + 31L);
        float[] values = new float[length + OFFSET];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 255, 4098})
    void bothGiveTheSameBits(int length) {
        float[] row = random(length);
        int to = OFFSET + length;
        for (FractionalGrid grid : new FractionalGrid[] {
            new FractionalGrid(0.3f, 7.4375f, 15), new FractionalGrid(1e-3f, 0, 255), new FractionalGrid(2, 1.25f, 3)
        }) {
            byte[] scalar = new byte[row.length];
            byte[] vector = new byte[row.length];
            SCALAR.codes(row, OFFSET, to, grid, scalar);
            VECTOR.codes(row, OFFSET, to, grid, vector);
            assertThat(vector).isEqualTo(scalar);
            assertThat(VECTOR.errors(row, OFFSET, to, grid, vector))
                    .isEqualTo(SCALAR.errors(row, OFFSET, to, grid, scalar));
            assertThat(VECTOR.turn(row, OFFSET, to, grid, SHRINKAGE))
                    .isEqualTo(SCALAR.turn(row, OFFSET, to, grid, SHRINKAGE));
        }
        LevelKernels.Table table = new LevelKernels.Table(1.5f, new LevelKernels.Floats(-3, -1, -0.5f, 0, 0.5f, 1, 3));
        byte[] scalar = new byte[row.length];
        byte[] vector = new byte[row.length];
        SCALAR.codes(row, OFFSET, to, table, scalar);
        VECTOR.codes(row, OFFSET, to, table, vector);
        assertThat(vector).isEqualTo(scalar);
    }

    @Test
    void codesAreTheNearestOfAllValues() {
        float[] row = random(300);
        FractionalGrid grid = new FractionalGrid(0.31f, 6.3f, 15);
        byte[] codes = new byte[row.length];
        VECTOR.codes(row, 0, row.length, grid, codes);
        for (int i = 0; i < row.length; i++) {
            float own = Math.abs(row[i] - grid.value(codes[i]));
            for (int code = 0; code <= 15; code++) {
                assertThat(own).isLessThanOrEqualTo(Math.abs(row[i] - grid.value(code)) + 1e-6f);
            }
        }
        float[] levels = {-2, -0.5f, 0, 0.25f, 3};
        float[] boundaries = {-2.5f, -0.5f, 0.25f, 3.25f};
        VECTOR.codes(row, 0, row.length, new LevelKernels.Table(1, new LevelKernels.Floats(boundaries)), codes);
        for (int i = 0; i < row.length; i++) {
            for (float level : levels) {
                assertThat(Math.abs(row[i] - levels[codes[i]])).isLessThanOrEqualTo(Math.abs(row[i] - level));
            }
        }
    }

    @Test
    void aTurnIsThatOfThePublishedFormulas() {
        float[] row = random(200);
        FractionalGrid grid = new FractionalGrid(0.31f, 6.3f, 15);
        double magnitudes = 0;
        double zeros = 0;
        for (float weight : row) {
            double code = Math.clamp(Math.rint(weight / 0.31f + 6.3f), 0, 15);
            double error = weight - 0.31f * (code - 6.3f);
            double shrunk = Math.copySign(Math.max(Math.abs(error) - Math.pow(Math.abs(error), -0.3) / 10, 0), error);
            magnitudes += Math.abs(error);
            zeros += code - (weight - shrunk) / 0.31f;
        }
        LevelKernels.Turn turn = SCALAR.turn(row, 0, row.length, grid, SHRINKAGE);

        assertThat((double) turn.magnitudes()).isCloseTo(magnitudes, within(1e-5 * magnitudes));
        assertThat((double) turn.zeros()).isCloseTo(zeros, within(1e-5 * Math.abs(zeros)));
    }

    @Test
    void errorsKnowWhatIsBeyondTheEnds() {
        float[] row = {-1.6f, -1.4f, 0, 2.4f, 2.6f};
        FractionalGrid grid = new FractionalGrid(1, 1, 3);
        byte[] codes = new byte[row.length];
        for (LevelKernels kernels : new LevelKernels[] {SCALAR, VECTOR}) {
            kernels.codes(row, 0, row.length, grid, codes);
            assertThat(codes).containsExactly(0, 0, 1, 3, 3);
            RowKernels.Errors errors = kernels.errors(row, 0, row.length, grid, codes);
            assertThat(errors.clipped()).isEqualTo(2);
            assertThat(errors.largest()).isEqualTo(0.6f, within(1e-6f));
        }
    }
}
