package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.internal.kernel.GridBatch.Pairs;
import dev.quantreel.engines.internal.kernel.GridBatchKernels.Norm;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GridBatchKernelsTest {

    private static final GridBatchKernels SCALAR = new ScalarGridBatch();
    private static final GridBatchKernels VECTOR = new VectorGridBatch();
    private static final int OFFSET = 3;

    private static float[] random(int length) {
        Random random = new Random(length + 29L);
        float[] values = new float[length + OFFSET];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.04 * random.nextGaussian());
        }
        return values;
    }

    private static Pairs pairs(float first, float second) {
        float[] some = new float[GridBatch.SIZE];
        float[] others = new float[GridBatch.SIZE];
        for (int i = 0; i < some.length; i++) {
            some[i] = 1 - first * i;
            others[i] = second == 0 ? i % 5 - 2 : 1 - second * i;
        }
        return new Pairs(some, others);
    }

    private static void assertSame(GridBatch vector, GridBatch scalar) {
        assertThat(vector.steps).isEqualTo(scalar.steps);
        assertThat(vector.zeroPoints).isEqualTo(scalar.zeroPoints);
        assertThat(vector.errors).isEqualTo(scalar.errors);
        assertThat(vector.products).isEqualTo(scalar.products);
        assertThat(vector.levels).isEqualTo(scalar.levels);
        assertThat(vector.least()).isEqualTo(scalar.least());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 64, 255, 257, 600})
    void bothGiveTheSameBits(int length) {
        float[] row = random(length);
        int to = OFFSET + length;
        for (int maxCode : new int[] {3, 15, 255}) {
            GridBatch scalar = new GridBatch(maxCode);
            GridBatch vector = new GridBatch(maxCode);
            scalar.between(-0.11f, 0.09f, pairs(0.02f, 0.025f));
            vector.between(-0.11f, 0.09f, pairs(0.02f, 0.025f));
            SCALAR.squaredErrors(row, OFFSET, to, scalar);
            VECTOR.squaredErrors(row, OFFSET, to, vector);
            assertSame(vector, scalar);
            SCALAR.fits(row, OFFSET, to, scalar);
            VECTOR.fits(row, OFFSET, to, vector);
            assertSame(vector, scalar);
            scalar.solve();
            vector.solve();
            assertSame(vector, scalar);
            scalar.around(0.01f, 2, pairs(0.01f, 0));
            vector.around(0.01f, 2, pairs(0.01f, 0));
            SCALAR.powers(row, OFFSET, to, new Norm(2.4f, 0.01f), scalar);
            VECTOR.powers(row, OFFSET, to, new Norm(2.4f, 0.01f), vector);
            assertSame(vector, scalar);
        }
    }

    @Test
    void errorsAreThoseOfNearestCodesInDoublePrecision() {
        float[] row = random(500);
        GridBatch batch = new GridBatch(15);
        batch.between(-0.12f, 0.13f, pairs(0.02f, 0.01f));
        VECTOR.squaredErrors(row, 0, 500, batch);
        int least = batch.least();
        for (int i = 0; i < GridBatch.SIZE; i++) {
            double squares = 0;
            for (int column = 0; column < 500; column++) {
                double level = Math.clamp(
                        Math.rint(row[column] / (double) batch.step(i)), -batch.zeroPoint(i), 15 - batch.zeroPoint(i));
                squares += Math.pow(row[column] - batch.step(i) * level, 2);
            }
            assertThat((double) batch.error(i)).isCloseTo(squares, within(1e-5 * squares));
            assertThat(batch.error(least)).isLessThanOrEqualTo(batch.error(i));
        }
    }

    @Test
    void aSolvedStepHasTheErrorThatIsSaid() {
        float[] row = random(64);
        GridBatch batch = new GridBatch(15);
        batch.between(-0.1f, 0.1f, pairs(0.02f, 0.02f));
        float[] before = batch.steps.clone();
        SCALAR.fits(row, 0, 64, batch);
        batch.solve();
        for (int i = 0; i < GridBatch.SIZE; i++) {
            UniformGrid tried = new UniformGrid(before[i], -batch.zeroPoint(i), 15 - batch.zeroPoint(i));
            double squares = 0;
            double derivative = 0;
            for (int column = 0; column < 64; column++) {
                int level = tried.level(row[column], tried.inverse());
                double error = row[column] - (double) batch.step(i) * level;
                squares += error * error;
                derivative += error * level;
            }
            assertThat((double) batch.error(i)).isCloseTo(squares, within(1e-5 * squares));
            assertThat(derivative).as("at the least squares").isCloseTo(0, within(1e-3));
        }
    }

    @Test
    void gridsOfFlatRunsAndOfTinyWeightsStayFinite() {
        for (GridBatchKernels kernels : new GridBatchKernels[] {SCALAR, VECTOR}) {
            GridBatch batch = new GridBatch(15);
            batch.between(0, 1e-44f, pairs(0.02f, 0.02f));
            kernels.fits(new float[64], 0, 64, batch);
            batch.solve();
            for (int i = 0; i < GridBatch.SIZE; i++) {
                assertThat(batch.step(i)).isPositive().isFinite();
                assertThat(batch.error(i)).isZero();
            }
        }
    }

    @Test
    void aBatchHasAsManyPairsAsItHolds() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Pairs(new float[33], new float[33]))
                .withMessageContaining("1 to 32");
        assertThatIllegalArgumentException().isThrownBy(() -> new Pairs(new float[3], new float[2]));
    }

    @ParameterizedTest
    @CsvSource({"2.4", "0.4", "-0.3", "1", "3", "8"})
    void powersAreThoseOfTheMathematicalOnes(float exponent) {
        Random random = new Random(5);
        float[] values = new float[VectorGridSearch.FLOATS.length()];
        for (int round = 0; round < 2000; round++) {
            for (int lane = 0; lane < values.length; lane++) {
                values[lane] = (float) Math.pow(10, -6 + 7 * random.nextDouble());
            }
            values[0] = round == 0 ? 0 : values[0];
            values[1] = round == 0 ? Float.MIN_VALUE : values[1];
            float[] powers = values.clone();
            VectorPowers.each(powers, powers.length, exponent);
            for (int lane = 0; lane < values.length; lane++) {
                float scalar = Powers.of(values[lane], exponent);
                assertThat(Float.floatToRawIntBits(powers[lane])).isEqualTo(Float.floatToRawIntBits(scalar));
                double expected = Math.pow(values[lane], exponent);
                if (values[lane] < Float.MIN_NORMAL) {
                    boolean small = exponent < 0 || scalar <= Math.max(Math.pow(0x1p-125, exponent), 0x1p-124);
                    assertThat(small).isTrue();
                } else if (expected < 0x1p-126) {
                    assertThat(scalar).isLessThan(0x1p-124f);
                } else if (expected > 0x1p-124 && expected < 0x1p125) {
                    assertThat((double) scalar).isCloseTo(expected, within(5e-6 * expected));
                }
            }
        }
    }
}
