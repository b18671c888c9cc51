package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RotationKernelsTest {

    private static final RotationKernels SCALAR = new ScalarRotation();
    private static final RotationKernels VECTOR = new VectorRotation();

    private static float[] random(int length, long seed) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest(name = "{0} values in runs of {1}")
    @CsvSource({
        "2, 2",
        "12, 4",
        "24, 8",
        "48, 16",
        "96, 32",
        "192, 64",
        "128, 128",
        "1536, 256",
        "1536, 512",
        "4096, 4096"
    })
    void bothGiveTheSameBitsAndLeaveTheRestOfTheRowAlone(int length, int run) {
        float[] factors = random(length, 1);
        float[] scalar = random(length + 5, 2);
        float[] vector = scalar.clone();
        SCALAR.scaleThenTransform(scalar, run, factors);
        VECTOR.scaleThenTransform(vector, run, factors);
        assertThat(vector).containsExactly(scalar);
        SCALAR.transformThenScale(scalar, run, factors);
        VECTOR.transformThenScale(vector, run, factors);
        assertThat(vector).containsExactly(scalar);
        assertThat(vector).endsWith(lastFive(random(length + 5, 2)));
    }

    private static float[] lastFive(float[] values) {
        return Arrays.copyOfRange(values, values.length - 5, values.length);
    }

    @ParameterizedTest
    @CsvSource({"8, 8", "64, 32", "512, 256"})
    void everyValueIsTheSignedSumOfItsRun(int length, int run) {
        float[] row = random(length, 3);
        float[] factors = random(length, 4);
        float[] result = row.clone();
        VECTOR.scaleThenTransform(result, run, factors);
        for (int i = 0; i < length; i++) {
            double expected = 0;
            int start = i - i % run;
            for (int j = start; j < start + run; j++) {
                int sign = Integer.bitCount(i % run & j % run) % 2 == 0 ? 1 : -1;
                expected += sign * (double) factors[j] * row[j];
            }
            assertThat((double) result[i]).isCloseTo(expected, within(2e-6 * run));
        }
    }

    @Test
    void sumsOfHalfPrecisionWeightsAreExact() {
        Random random = new Random(5);
        float[] row = new float[256];
        float[] ones = new float[256];
        double sum = 0;
        for (int i = 0; i < 256; i++) {
            row[i] = (random.nextInt(255) - 127) * 0x1p-9f;
            ones[i] = 1;
            sum += row[i];
        }
        VECTOR.scaleThenTransform(row, 256, ones);
        assertThat((double) row[0]).isEqualTo(sum);
    }
}
