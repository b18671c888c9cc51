package dev.quantreel.engines.runtime.cuda.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.cuda.twin.ElementTwin;
import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class ElementwiseTest {

    private static final float[] EDGES = {0f, -0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 88f, -88f, 1e-30f, 3e38f, -7.25f};

    private KernelBench bench;

    @BeforeEach
    void start() {
        bench = new KernelBench();
    }

    @AfterEach
    void stop() {
        bench.close();
    }

    private float[] run(ElementwiseOp op, DeviceArray out, DeviceArray... in) {
        new Elementwise(bench.kernels()).launch(bench.stream(), op, out, in);
        return bench.floats(out);
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(
            value = ElementwiseOp.class,
            mode = Mode.EXCLUDE,
            names = {"ShiftLeft", "ShiftRight"})
    void everyFloatOperatorIsItsTwinBothByFourAndOneByOne(ElementwiseOp op) {
        int count = 1024;
        float[][] values = new float[op.operands()][];
        for (int i = 0; i < values.length; i++) {
            values[i] = KernelBench.gaussian(i, count);
            System.arraycopy(EDGES, 0, values[i], 0, EDGES.length);
        }
        // An odd number of elements cannot be taken by four.
        for (int size : new int[] {count, count - 1}) {
            DeviceArray[] in = new DeviceArray[op.operands()];
            for (int i = 0; i < in.length; i++) {
                in[i] = bench.of(Arrays.copyOf(values[i], size), size);
            }

            float[] out = run(op, bench.empty(DType.F32, size), in);

            for (int i = 0; i < size; i++) {
                float a = values[0][i];
                float b = in.length > 1 ? values[1][i] : 0;
                float c = in.length > 2 ? values[2][i] : 0;
                float expected = ElementTwin.of(op, a, b, c);
                if ((op == ElementwiseOp.Sin || op == ElementwiseOp.Cos) && Math.abs(a) > 1e4) {
                    continue; // Said not to be accurate.
                }
                if (Float.isNaN(expected)) {
                    assertThat(out[i]).isNaN();
                } else if (ElementTwin.isExact(op) || Float.isInfinite(expected)) {
                    // Zeros of either sign are one number; which one a maximum gives, nobody says.
                    assertThat(out[i] + 0f).as("%s(%s, %s, %s)", op, a, b, c).isEqualTo(expected + 0f);
                } else {
                    assertThat(out[i])
                            .as("%s(%s, %s, %s)", op, a, b, c)
                            .isCloseTo(expected, within(Math.max(1e-6f, Math.abs(expected) * 2e-5f)));
                }
            }
        }
    }

    @ParameterizedTest(name = "[{0}, {1}, {2}] + a vector, last axis by four or not")
    @CsvSource({"2, 3, 8", "3, 1, 5", "1, 7, 1", "4, 33, 64"})
    void operandsRepeatAlongAxesOfExtentOne(int a, int b, int c) {
        float[] x = KernelBench.gaussian(1, a * b * c);
        float[] gate = KernelBench.gaussian(2, a * c);
        float[] change = KernelBench.gaussian(3, b * c);

        float[] out = run(
                ElementwiseOp.MulAdd,
                bench.empty(DType.F32, a, b, c),
                bench.of(x, a, b, c),
                bench.of(change, 1, b, c),
                bench.of(gate, a, 1, c));

        for (int i = 0; i < out.length; i++) {
            int column = i % c;
            float expected = x[i] + change[i / c % b * c + column] * gate[i / c / b * c + column];
            assertThat(out[i]).isEqualTo(expected);
        }
    }

    @Test
    void fiveAxesThatDoNotMergeBroadcast() {
        float[] x = KernelBench.gaussian(1, 2 * 3 * 2);
        float[] y = KernelBench.gaussian(2, 3 * 2);

        float[] out = run(
                ElementwiseOp.Mul,
                bench.empty(DType.F32, 2, 3, 3, 2, 2),
                bench.of(x, 2, 1, 3, 1, 2),
                bench.of(y, 3, 1, 2, 1));

        int at = 0;
        for (int a = 0; a < 2; a++) {
            for (int b = 0; b < 3; b++) {
                for (int c = 0; c < 3; c++) {
                    for (int d = 0; d < 2; d++) {
                        for (int e = 0; e < 2; e++) {
                            assertThat(out[at++]).isEqualTo(x[(a * 3 + c) * 2 + e] * y[b * 2 + d]);
                        }
                    }
                }
            }
        }
    }

    @Test
    void bfloatsAreRoundedOnceAfterTheOperator() {
        float[] x = KernelBench.narrow(KernelBench.gaussian(1, 77));
        float[] y = KernelBench.narrow(KernelBench.gaussian(2, 77));

        float[] out = run(ElementwiseOp.Add, bench.empty(DType.BF16, 77), bench.bf16(x, 77), bench.bf16(y, 77));

        for (int i = 0; i < out.length; i++) {
            assertThat(out[i]).isCloseTo(x[i] + y[i], within(Math.abs(x[i] + y[i]) / 256));
            assertThat(Float.floatToRawIntBits(out[i]) & 0xFFFF).isZero();
        }
    }

    private DeviceArray array(DType dtype, float[] values, long... dims) {
        return dtype == DType.F32 ? bench.of(values, dims) : bench.bf16(values, dims);
    }

    /// By eight where the last axis is a multiple of it, one by one where it is not: a row more or less must not show.
    @ParameterizedTest(name = "{0} of {1}, {2}, {3} to {4}")
    @CsvSource({
        "MulAdd, BF16, BF16, BF16, BF16",
        "MulAdd, BF16, BF16, F32, BF16",
        "MulAdd, F32, BF16, F32, F32",
        "Modulate, BF16, F32, F32, BF16",
        "Modulate, F32, F32, F32, BF16",
        "Where, F32, BF16, F32, BF16",
    })
    void rowsOfTwoFloatTypesAreTheSameByEightAndOneByOne(
            ElementwiseOp op, DType first, DType second, DType third, DType to) {
        int rows = 37;
        int width = 64;
        float[] x = KernelBench.narrow(KernelBench.gaussian(1, rows * width));
        float[] y = KernelBench.narrow(KernelBench.gaussian(2, rows * width));
        float[] gate = KernelBench.narrow(KernelBench.gaussian(3, width));

        float[] out = run(
                op,
                bench.empty(to, rows, width),
                array(first, x, rows, width),
                array(second, y, rows, width),
                array(third, gate, 1, width));

        int narrower = width - 1;
        float[] again = run(
                op,
                bench.empty(to, rows, narrower),
                array(first, cut(x, rows, width), rows, narrower),
                array(second, cut(y, rows, width), rows, narrower),
                array(third, Arrays.copyOf(gate, narrower), 1, narrower));
        float[] twin = new float[out.length];
        for (int i = 0; i < twin.length; i++) {
            twin[i] = ElementTwin.of(op, x[i], y[i], gate[i % width]);
        }
        assertThat(out).containsExactly(KernelBench.rounded(twin, to));
        assertThat(cut(out, rows, width)).containsExactly(again);
    }

    /// Rows without their last element.
    private static float[] cut(float[] x, int rows, int width) {
        float[] result = new float[rows * (width - 1)];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(x, row * width, result, row * (width - 1), width - 1);
        }
        return result;
    }

    @ParameterizedTest(name = "one {1} added to {0}")
    @CsvSource({"BF16, F32", "F32, BF16", "BF16, BF16"})
    void oneNumberIsTakenForAllEight(DType many, DType one) {
        float[] x = KernelBench.narrow(KernelBench.gaussian(1, 80));

        float[] out = run(
                ElementwiseOp.Mul,
                bench.empty(DType.BF16, 5, 16),
                array(many, x, 5, 16),
                array(one, new float[] {-2}, 1));

        for (int i = 0; i < x.length; i++) {
            assertThat(out[i]).isEqualTo(-2 * x[i]);
        }
    }

    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({"F32, BF16", "BF16, F32", "BF16, BF16"})
    void castsBetweenFloatsRoundToNearestEven(DType from, DType to) {
        float[] x = KernelBench.gaussian(1, 1024);
        System.arraycopy(EDGES, 0, x, 0, EDGES.length);
        x = KernelBench.rounded(x, from);

        float[] out = run(ElementwiseOp.Copy, bench.empty(to, 2, 512), array(from, x, 2, 512));

        assertThat(out).containsExactly(KernelBench.rounded(x, to));
    }

    @Test
    void integersStayExactWhereFloatsWouldNot() {
        int[] x = {16_777_217, -7, 7, Integer.MAX_VALUE, 5};
        int[] y = {1, 2, -2, 0, 0};
        DeviceArray out = bench.empty(DType.I32, 5);
        Elementwise elementwise = new Elementwise(bench.kernels());

        elementwise.launch(bench.stream(), ElementwiseOp.Add, out, bench.of(x, 5), bench.of(y, 5));
        assertThat(bench.ints(out)).containsExactly(16_777_218, -5, 5, Integer.MAX_VALUE, 5);

        elementwise.launch(bench.stream(), ElementwiseOp.Div, out, bench.of(x, 5), bench.of(y, 5));
        assertThat(bench.ints(out)).containsExactly(16_777_217, -3, -3, 0, 0);

        elementwise.launch(bench.stream(), ElementwiseOp.ShiftLeft, out, bench.of(x, 5), bench.of(y, 5));
        assertThat(bench.ints(out)[0]).isEqualTo(33_554_434);
    }

    @ParameterizedTest
    @ValueSource(strings = {"U8", "I8", "BOOL"})
    void bytesAreCastToFloatsAndBack(DType dtype) {
        byte[] codes = {0, 1, 7, 127, -1};
        DeviceArray floats = bench.empty(DType.F32, 5);

        float[] values = run(ElementwiseOp.Copy, floats, bench.of(codes, dtype, 5));
        assertThat(values).containsExactly(0, 1, 7, 127, dtype == DType.I8 ? -1 : 255);

        DeviceArray back = bench.empty(dtype, 16);
        DeviceArray five = new DeviceArray(back.span(), dtype, floats.shape());
        new Elementwise(bench.kernels()).launch(bench.stream(), ElementwiseOp.Copy, five, floats);
        float[] again = run(ElementwiseOp.Copy, bench.empty(DType.F32, 5), five);
        assertThat(again).containsExactly(values);
    }

    @Test
    void whatDoesNotFitIsRefusedByName() {
        Elementwise elementwise = new Elementwise(bench.kernels());
        DeviceArray x = bench.of(new float[6], 2, 3);
        DeviceArray y = bench.of(new float[4], 4);
        DeviceArray n = bench.of(new int[6], 2, 3);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> elementwise.launch(bench.stream(), ElementwiseOp.Add, x, x, y))
                .withMessageContaining("[4] does not broadcast to [2, 3]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> elementwise.launch(bench.stream(), ElementwiseOp.Add, x, x))
                .withMessageContaining("Add takes 2 inputs, got 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> elementwise.launch(bench.stream(), ElementwiseOp.ShiftLeft, x, x, x))
                .withMessageContaining("ShiftLeft does not exist for F32");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> elementwise.launch(bench.stream(), ElementwiseOp.Exp, n, n))
                .withMessageContaining("Exp does not exist for I32");
    }
}
