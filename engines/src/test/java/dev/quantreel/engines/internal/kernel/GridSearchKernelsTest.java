package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GridSearchKernelsTest {

    private static final GridSearchKernels SCALAR = new ScalarGridSearch();
    private static final GridSearchKernels VECTOR = new VectorGridSearch();

    private static float[] random(int length) {
        Random random = new Random(length + 17L);
        float[] values = new float[length + 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 255, 4098})
    void bothGiveTheSameBits(int length) {
        float[] row = random(length);
        for (float step : new float[] {1e-3f, 0.2f, 0.37f, 5}) {
            for (int zeroPoint : new int[] {0, 7, 15}) {
                UniformGrid grid = new UniformGrid(step, -zeroPoint, 15 - zeroPoint);
                float scalar = SCALAR.squaredError(row, 0, length, grid);
                float vector = VECTOR.squaredError(row, 0, length, grid);
                assertThat(Float.floatToRawIntBits(vector)).isEqualTo(Float.floatToRawIntBits(scalar));
            }
        }
    }

    @Test
    void theErrorIsThatOfNearestCodesInDoublePrecision() {
        float[] row = random(1000);
        double expected = 0;
        for (int i = 0; i < 1000; i++) {
            double code = Math.clamp(Math.rint(row[i] / 0.25), -6, 9);
            expected += Math.pow(row[i] - 0.25 * code, 2);
        }
        float actual = SCALAR.squaredError(row, 0, 1000, new UniformGrid(0.25f, -6, 9));
        assertThat((double) actual).isBetween(expected * (1 - 1e-5), expected * (1 + 1e-5));
    }

    @Test
    void halvesRoundToEven() {
        float[] row = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f};
        assertThat(SCALAR.squaredError(row, 0, 5, new UniformGrid(1, -8, 7))).isEqualTo(5 * 0.25f);
        float[] shifted = {2.5f};
        assertThat(SCALAR.squaredError(shifted, 0, 1, new UniformGrid(1, 0, 2))).isEqualTo(0.25f);
        assertThat(SCALAR.squaredError(shifted, 0, 1, new UniformGrid(1, 3, 7))).isEqualTo(0.25f);
    }

    @Test
    void everyElementCounts() {
        for (int length : new int[] {1, 15, 16, 17, 33, 255}) {
            for (int hot = 0; hot < length; hot++) {
                float[] row = new float[length];
                row[hot] = 10;
                assertThat(SCALAR.squaredError(row, 0, length, new UniformGrid(1, -7, 8)))
                        .isEqualTo(4f);
                assertThat(VECTOR.squaredError(row, 0, length, new UniformGrid(1, -7, 8)))
                        .isEqualTo(4f);
            }
        }
    }

    @Test
    void infinityAndNaNPoisonTheError() {
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] row = new float[40];
            row[20] = bad;
            assertThat(SCALAR.squaredError(row, 0, 40, new UniformGrid(1, -7, 8)))
                    .isNotFinite();
            assertThat(VECTOR.squaredError(row, 0, 40, new UniformGrid(1, -7, 8)))
                    .isNotFinite();
        }
    }
}
