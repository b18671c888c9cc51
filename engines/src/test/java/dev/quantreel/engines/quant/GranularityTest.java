package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GranularityTest {

    private static final RowTasks ONE_THREAD = new RowTasks(1, CancellationToken.NONE);
    private static final WeightQuantizer BGR = new WeightQuantizer.Bgr();

    private static WeightMatrix matrix(int rows, int columns, float... values) {
        return WeightMatrix.of("blocks.0.ffn.0.weight", Tensor.of(Shape.of(rows, columns), values));
    }

    private static WeightMatrix random(int rows, int columns) {
        return matrix(rows, columns, SyntheticData.weights(rows, columns, 5));
    }

    private static QuantizedMatrix quantized(
            WeightMatrix weights, WeightQuantizer by, int bits, Granularity granularity) {
        return QuantizedMatrix.of(weights, new WeightPlan(by, bits, granularity), ONE_THREAD);
    }

    @ParameterizedTest(name = "groups of {0} in {1} columns are groups of {2}")
    @CsvSource({"64, 1536, 64", "128, 8960, 128", "64, 96, 32", "128, 64, 64", "64, 1, 1", "64, 64, 64", "2, 6, 2"})
    void groupsThatDoNotDivideBecomeTheGreatestCommonDivisor(int wanted, int columns, int expected) {
        assertThat(new Granularity.PerGroup(wanted).groupSize("w", columns)).isEqualTo(expected);
        assertThat(new Granularity.GroupMultiples(wanted).groupSize("w", columns))
                .isEqualTo(expected);
        assertThat(new Granularity.PerRow().groupSize("w", columns)).isEqualTo(columns);
    }

    @Test
    void groupsWithoutAUsefulDivisorNameTheMatrixAndTheSizesThatDivide() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> quantized(random(3, 100), BGR, 4, new Granularity.PerGroup(64)))
                .withMessageContaining("blocks.0.ffn.0.weight has 100 columns, which groups of 64 do not divide")
                .withMessageContaining("groups of 10, 20, 25, 50");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> quantized(random(3, 97), BGR, 4, new Granularity.GroupMultiples(32)))
                .withMessageContaining("no groups, or one grid per row");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Granularity.PerGroup(1))
                .withMessageContaining("1 columns");
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 8})
    void everyGroupHasAGridWhoseErrorIsWithinHalfAStep(int bits) {
        float[] values = SyntheticData.gaussian(20 * 96, 1, 9);
        QuantizedMatrix q =
                quantized(matrix(20, 96, values), new WeightQuantizer.MinMax(), bits, new Granularity.PerGroup(32));
        assertThat(q.groupSize()).isEqualTo(32);
        assertThat(q.steps().dtype()).isEqualTo(DType.BF16);
        assertThat(q.steps().shape()).isEqualTo(Shape.of(20, 3));
        assertThat(q.zeroPoints().shape()).isEqualTo(Shape.of(20, 3));
        assertThat(q.isInteger()).isFalse();
        float[] row = new float[96];
        for (int r = 0; r < 20; r++) {
            q.dequantizeRow(r, row);
            for (int c = 0; c < 96; c++) {
                assertThat(row[c]).isEqualTo(q.value(r, c));
                assertThat(Math.abs(row[c] - values[r * 96 + c])).isLessThanOrEqualTo(q.step(r, c) * 0.5001f);
            }
        }
    }

    @Test
    void finerGridsErrLess() {
        WeightMatrix weights = matrix(32, 1024, SyntheticData.student(32 * 1024, 5, 4));
        for (int bits : new int[] {3, 4}) {
            double perRow = quantized(weights, BGR, bits, new Granularity.PerRow())
                    .error()
                    .mse();
            double multiples = quantized(weights, BGR, bits, new Granularity.GroupMultiples(64))
                    .error()
                    .mse();
            double of128 = quantized(weights, BGR, bits, new Granularity.PerGroup(128))
                    .error()
                    .mse();
            double of64 = quantized(weights, BGR, bits, new Granularity.PerGroup(64))
                    .error()
                    .mse();
            double of32 = quantized(weights, BGR, bits, new Granularity.PerGroup(32))
                    .error()
                    .mse();
            assertThat(of128).isLessThan(0.9 * perRow);
            assertThat(of64).isLessThan(of128);
            assertThat(of32).isLessThan(of64);
            assertThat(multiples).isBetween(of64, 1.1 * of64);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void multiplesOfARowsStepFillAnEightBitFactorAndNoMore(int bits) {
        QuantizedMatrix q = quantized(random(24, 256), BGR, bits, new Granularity.GroupMultiples(64));
        assertThat(q.isInteger()).isTrue();
        assertThat(q.steps().dtype()).isEqualTo(DType.F32);
        assertThat(q.steps().shape()).isEqualTo(Shape.of(24));
        int largest = 0;
        int largestMultiple = 0;
        for (int r = 0; r < 24; r++) {
            for (int c = 0; c < 256; c++) {
                largest = Math.max(largest, Math.abs(q.level(r, c)));
                largestMultiple = Math.max(largestMultiple, q.grids().multiplier(r, c / 64));
                assertThat(q.step(r) * q.level(r, c)).isCloseTo(q.value(r, c), within(1e-6f));
            }
        }
        assertThat(largest).isBetween(64, 127);
        assertThat(largestMultiple).isGreaterThan(1);
    }

    @Test
    void theErrorFiguresAreThoseOfTheStoredWeights() {
        float[] values = SyntheticData.student(32 * 256, 5, 2);
        for (Granularity granularity :
                new Granularity[] {new Granularity.PerGroup(64), new Granularity.GroupMultiples(32)}) {
            QuantizedMatrix q = quantized(matrix(32, 256, values), BGR, 4, granularity);
            double squares = 0;
            for (int i = 0; i < values.length; i++) {
                double error = values[i] - q.value(i / 256, i % 256);
                squares += error * error;
            }
            assertThat(q.error().mse()).isCloseTo(squares / values.length, within(1e-9));
            QuantizationError plain = quantized(matrix(32, 256, values), BGR, 4, new Granularity.PerRow())
                    .error();
            assertThat(q.error().minMaxErrorStd()).isEqualTo(plain.minMaxErrorStd());
            assertThat(q.error().incoherence()).isEqualTo(plain.incoherence());
        }
    }

    @Test
    void bytesCountStepsAndZeroPointsOfGroups() {
        long codes = 48 * 256 / 2;
        assertThat(quantized(random(48, 256), BGR, 4, new Granularity.PerRow()).bytes())
                .isEqualTo(codes + 48 * (4 + 1));
        assertThat(quantized(random(48, 256), BGR, 4, new Granularity.PerGroup(64))
                        .bytes())
                .isEqualTo(codes + 48 * 4 * (2 + 1));
        assertThat(quantized(random(48, 256), BGR, 4, new Granularity.GroupMultiples(64))
                        .bytes())
                .isEqualTo(codes + 48 * (4 + 4 * (1 + 1)));
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() {
        WeightMatrix weights = random(67, 320);
        WeightPlan plan = new WeightPlan(BGR, 4, new Granularity.PerGroup(64));
        QuantizedMatrix one = QuantizedMatrix.of(weights, plan, ONE_THREAD);
        QuantizedMatrix five = QuantizedMatrix.of(weights, plan, new RowTasks(5, CancellationToken.NONE));
        assertThat(five.codes().data().mismatch(one.codes().data())).isEqualTo(-1);
        assertThat(five.steps().data().mismatch(one.steps().data())).isEqualTo(-1);
        assertThat(five.error()).isEqualTo(one.error());
    }

    @Test
    void constantAndZeroGroupsSurvive() {
        float[] values = new float[3 * 32];
        Arrays.fill(values, 32, 64, 2);
        Arrays.fill(values, 64, 80, -3);
        for (Granularity granularity :
                new Granularity[] {new Granularity.PerGroup(8), new Granularity.GroupMultiples(8)}) {
            QuantizedMatrix q = quantized(matrix(3, 32, values), BGR, 4, granularity);
            for (int i = 0; i < values.length; i++) {
                assertThat(q.value(i / 32, i % 32)).isCloseTo(values[i], within(Math.abs(values[i]) * 0.01f));
            }
        }
    }

    @Test
    void codesAndGridsFromElsewhereMakeTheSameMatrix() {
        for (int bits : new int[] {3, 4, 8}) {
            QuantizedMatrix q = quantized(random(37, 64), BGR, bits, new Granularity.PerGroup(16));
            QuantizedMatrix again = QuantizedMatrix.of(q.name(), bits, q.codes(), q.grids(), q.error());
            assertThat(again.codes().data().mismatch(q.codes().data())).isEqualTo(-1);
            assertThat(again.value(36, 63)).isEqualTo(q.value(36, 63));
            assertThat(again.bytes()).isEqualTo(q.bytes());
            Tensor wrong = Tensor.zeros(DType.U8, Shape.of(36, 64));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> QuantizedMatrix.of("w", bits, wrong, q.grids(), q.error()))
                    .withMessageContaining("codes of w are U8");
        }
    }

    @Test
    void aCoderChoosesCodesOnTheGridsOfThePlan() {
        WeightMatrix weights = random(5, 64);
        WeightPlan plan = new WeightPlan(BGR, 4, new Granularity.PerGroup(32));
        QuantizedMatrix nearest = QuantizedMatrix.of(weights, plan, ONE_THREAD);
        RowCoder upwards = (row, values, grid, codes) -> {
            for (int c = 0; c < values.length; c++) {
                codes[c] = (byte) Math.min(grid.maxCode(), grid.nearest(c, values[c]) + (row == 2 ? 1 : 0));
            }
        };
        QuantizedMatrix moved = QuantizedMatrix.of(weights, plan, upwards, ONE_THREAD);
        assertThat(moved.steps().data().mismatch(nearest.steps().data())).isEqualTo(-1);
        for (int c = 0; c < 64; c++) {
            assertThat(moved.code(1, c)).isEqualTo(nearest.code(1, c));
            assertThat(moved.code(2, c)).isEqualTo(Math.min(15, nearest.code(2, c) + 1));
        }
        assertThat(moved.error().mse()).isGreaterThan(nearest.error().mse());
    }

    @Test
    void oneGridPerTensorIsForQuantizersThatTakeTheRange() {
        WeightMatrix weights = random(12, 32);
        for (WeightQuantizer by :
                new WeightQuantizer[] {new WeightQuantizer.MinMax(), new WeightQuantizer.Symmetric()}) {
            QuantizedMatrix q = quantized(weights, by, 4, new Granularity.PerTensor());
            for (int r = 1; r < 12; r++) {
                assertThat(q.step(r)).isEqualTo(q.step(0));
            }
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightPlan(BGR, 4, new Granularity.PerTensor()))
                .withMessageContaining("MinMax and Symmetric");
    }

    @Test
    void multiplesNeedRoomInAByte() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WeightPlan(BGR, 6, new Granularity.GroupMultiples(64)))
                .withMessageContaining("weights of 5 bits, weight bits is 6");
        WeightPlan plan = new WeightPlan(BGR, 4, new Granularity.GroupMultiples(64));
        assertThat(plan.withBits(8).granularity()).isEqualTo(new Granularity.PerGroup(64));
    }

    @Test
    void symmetricGridsHaveTheirZeroInTheMiddle() {
        QuantizedMatrix q = quantized(
                matrix(2, 4, -7, 7, 1, 3.4f, 0, 0, 0, 0), new WeightQuantizer.Symmetric(), 4, new Granularity.PerRow());
        assertThat(q.step(0)).isEqualTo(1);
        assertThat(q.zeroPoint(0)).isEqualTo(8);
        assertThat(q.value(0, 0)).isEqualTo(-7);
        assertThat(q.value(0, 3)).isEqualTo(3);
        assertThat(q.value(1, 2)).isZero();
        assertThat(q.zeroPoints().data().get(ValueLayout.JAVA_BYTE, 1)).isEqualTo((byte) 8);
    }
}
