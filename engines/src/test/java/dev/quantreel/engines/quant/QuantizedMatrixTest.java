package dev.quantreel.engines.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.internal.kernel.ScalarGridSearch;
import dev.quantreel.engines.internal.kernel.VectorGridSearch;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizedMatrixTest {

    private static final RowTasks ONE_THREAD = new RowTasks(1, CancellationToken.NONE);

    private static WeightMatrix matrix(int rows, int columns, float... values) {
        return WeightMatrix.of("blocks.0.ffn.0.weight", Tensor.of(Shape.of(rows, columns), values));
    }

    private static WeightMatrix random(int rows, int columns) {
        return matrix(rows, columns, SyntheticData.weights(rows, columns, 5));
    }

    private static QuantizedMatrix bgr(WeightMatrix weights, int bits, RowTasks tasks) {
        return QuantizedMatrix.of(weights, new WeightQuantizer.Bgr(), bits, tasks);
    }

    private static void assertSame(QuantizedMatrix a, QuantizedMatrix b) {
        assertThat(a.codes().data().mismatch(b.codes().data())).isEqualTo(-1);
        assertThat(a.steps().data().mismatch(b.steps().data())).isEqualTo(-1);
        assertThat(a.zeroPoints().data().mismatch(b.zeroPoints().data())).isEqualTo(-1);
        assertThat(a.error()).isEqualTo(b.error());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 7, 8})
    void minMaxErrorStaysWithinHalfAStepAndZeroIsExact(int bits) {
        float[] values = SyntheticData.gaussian(40 * 50, 1, 9);
        values[3] = 0;
        WeightMatrix weights = matrix(40, 50, values);
        QuantizedMatrix q = QuantizedMatrix.of(weights, new WeightQuantizer.MinMax(), bits, ONE_THREAD);
        float[] row = new float[50];
        for (int r = 0; r < 40; r++) {
            q.dequantizeRow(r, row);
            for (int c = 0; c < 50; c++) {
                assertThat(Math.abs(row[c] - values[r * 50 + c])).isLessThanOrEqualTo(q.step(r) * 0.5001f);
            }
        }
        q.dequantizeRow(0, row);
        assertThat(row[3]).isZero();
        assertThat(q.error().maxError()).isPositive();
    }

    @Test
    void codesUpToFourBitsArePackedLowNibbleFirst() {
        QuantizedMatrix q =
                QuantizedMatrix.of(matrix(2, 3, 0, 15, 7, -8, 7, 1), new WeightQuantizer.MinMax(), 4, ONE_THREAD);
        assertThat(q.codes().dtype()).isEqualTo(DType.U4);
        assertThat(q.bytes()).isEqualTo(3 + 2 * 4 + 2);
        assertThat(q.step(0)).isEqualTo(1f);
        assertThat(q.zeroPoint(0)).isZero();
        assertThat(q.zeroPoint(1)).isEqualTo(8);
        int[] expected = {0xF0, 0x07, 0x9F};
        for (int i = 0; i < 3; i++) {
            assertThat(q.codes().data().get(ValueLayout.JAVA_BYTE, i) & 0xFF).isEqualTo(expected[i]);
        }
        assertThat(q.code(1, 0)).isZero();
        assertThat(q.code(1, 2)).isEqualTo(9);
    }

    @Test
    void anyNumberOfThreadsAndBothKernelsGiveTheSameBits() {
        // An odd width makes neighbouring rows share bytes.
        WeightMatrix weights = random(67, 333);
        QuantizedMatrix one = bgr(weights, 4, ONE_THREAD);
        assertSame(bgr(weights, 4, new RowTasks(3, CancellationToken.NONE)), one);
        assertSame(bgr(weights, 4, new RowTasks(8, CancellationToken.NONE)), one);
        WeightQuantizer quantizer = new WeightQuantizer.Bgr();
        assertSame(
                QuantizedMatrix.of(weights, quantizer, 4, ONE_THREAD, new VectorGridSearch()),
                QuantizedMatrix.of(weights, quantizer, 4, ONE_THREAD, new ScalarGridSearch()));
    }

    @Test
    void constantRowsAndZeroRowsSurvive() {
        QuantizedMatrix q = bgr(matrix(3, 4, 0, 0, 0, 0, 2, 2, 2, 2, -3, -3, -3, -3), 4, ONE_THREAD);
        float[] row = new float[4];
        for (int r = 0; r < 3; r++) {
            q.dequantizeRow(r, row);
            assertThat(row[0]).isCloseTo(new float[] {0, 2, -3}[r], within(1e-5f));
        }
        assertThat(q.error().mse()).isLessThan(1e-10);
    }

    @Test
    void narrowTypesQuantizeAsTheirValuesInF32() {
        float[] values = SyntheticData.weights(20, 64, 3);
        Tensor bf16 = Conversions.fromF32(Tensor.of(Shape.of(20, 64), values), DType.BF16);
        WeightMatrix narrow = WeightMatrix.of("w", bf16);
        WeightMatrix wide = WeightMatrix.of("w", Conversions.toF32(bf16));
        assertSame(bgr(narrow, 4, ONE_THREAD), bgr(wide, 4, ONE_THREAD));
    }

    @Test
    void nonFiniteWeightsAreNamedWithTheirPlace() {
        float[] values = new float[60];
        values[3 * 12 + 7] = Float.NaN;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bgr(matrix(5, 12, values), 4, new RowTasks(2, CancellationToken.NONE)))
                .withMessageContaining("blocks.0.ffn.0.weight")
                .withMessageContaining("NaN")
                .withMessageContaining("row 3, column 7");
    }

    @Test
    void wrongShapesTypesAndBitsAreRefused() {
        Tensor cube = Tensor.zeros(DType.F32, Shape.of(2, 2, 2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightMatrix.of("w", cube))
                .withMessageContaining("[2x2x2]");
        Tensor integers = Tensor.zeros(DType.I8, Shape.of(2, 2));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightMatrix.of("w", integers))
                .withMessageContaining("I8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bgr(random(2, 8), 9, ONE_THREAD))
                .withMessageContaining("9; 2 to 8");
    }

    @Test
    void cancellationStopsBetweenRuns() {
        AtomicInteger asked = new AtomicInteger();
        CancellationToken afterTwo = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return asked.incrementAndGet() > 2;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> bgr(random(2000, 64), 4, new RowTasks(2, afterTwo)));
        assertThat(asked.get()).isLessThan(10);
    }

    @Test
    void theErrorFiguresAreThoseOfTheMatrix() {
        float[] values = SyntheticData.gaussian(64 * 512, 0.5, 2);
        values[77] = 5;
        QuantizedMatrix q = bgr(matrix(64, 512, values), 4, ONE_THREAD);
        double squares = 0;
        double worst = 0;
        float[] row = new float[512];
        for (int i = 0; i < values.length; i++) {
            if (i % 512 == 0) {
                q.dequantizeRow(i / 512, row);
            }
            double error = values[i] - row[i % 512];
            squares += error * error;
            worst = Math.max(worst, Math.abs(error));
        }
        QuantizationError error = q.error();
        assertThat(error.mse()).isCloseTo(squares / values.length, within(1e-9));
        assertThat(error.maxError()).isCloseTo(worst, within(1e-6));
        assertThat(error.relativeMse()).isCloseTo(error.mse() / 0.25, within(1e-3));
        assertThat(error.kurtosis()).isBetween(2.9, 3.4);
        assertThat(error.crestFactor()).isCloseTo(10, within(0.2));
        assertThat(error.incoherence()).isBetween(9.0, 10.5);
        assertThat(error.clippedFraction()).isBetween(1e-4, 0.05);
        assertThat(error.stdReduction()).isBetween(0.08, 0.4);
    }

    @Test
    void refinementNeverLosesToTheSearchAndTheSearchNeverToMinMax() {
        for (int bits = 2; bits <= 8; bits++) {
            WeightMatrix weights = random(32, 256);
            double minMax = QuantizedMatrix.of(weights, new WeightQuantizer.MinMax(), bits, ONE_THREAD)
                    .error()
                    .mse();
            double pbq = QuantizedMatrix.of(weights, new WeightQuantizer.Pbq(), bits, ONE_THREAD)
                    .error()
                    .mse();
            double bgr = bgr(weights, bits, ONE_THREAD).error().mse();
            assertThat(pbq).isLessThan(minMax);
            assertThat(bgr).isLessThanOrEqualTo(pbq);
        }
    }
}
