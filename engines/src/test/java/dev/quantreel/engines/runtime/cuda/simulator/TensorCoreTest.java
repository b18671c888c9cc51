package dev.quantreel.engines.runtime.cuda.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The simulator's `mma.sync` beside a plain product: fragments are cut out of matrices as the PTX manual draws them.
class TensorCoreTest {

    private static final int ROWS = 16;
    private static final int COLUMNS = 8;

    /// Operand types in the order of the probe kernel, with the value of a code.
    private enum Operand {
        S8(8, code -> (byte) code),
        S4(4, code -> (code << 28) >> 28),
        BF16(16, code -> Float.intBitsToFloat(code << 16)),
        F16(16, code -> Float.float16ToFloat((short) code)),
        E4M3(8, Operand::e4m3);

        private final int bits;
        private final IntToDoubleFunction value;

        Operand(int bits, IntToDoubleFunction value) {
            this.bits = bits;
            this.value = value;
        }

        private static double e4m3(int code) {
            int exponent = code >> 3 & 15;
            double magnitude = exponent == 0 ? (code & 7) / 512.0 : (1 + (code & 7) / 8.0) * Math.pow(2, exponent - 7);
            return (code & 128) == 0 ? magnitude : -magnitude;
        }

        private boolean isInteger() {
            return this == S8 || this == S4;
        }

        private int depth() {
            return 256 / bits;
        }

        /// Any finite code; of floats those of moderate size.
        private int random(Random random) {
            int code = random.nextInt(1 << bits);
            return switch (this) {
                case S8, S4 -> code;
                case BF16 -> code & 0x807F | (120 + code % 8) << 7;
                case F16 -> code & 0x83FF | (10 + code % 8) << 10;
                case E4M3 -> (code & 0x7F) == 0x7F ? 0 : code;
            };
        }
    }

    private static int[][] matrix(Operand operand, int rows, int columns, Random random) {
        int[][] codes = new int[rows][columns];
        for (int[] row : codes) {
            for (int j = 0; j < columns; j++) {
                row[j] = operand.random(random);
            }
        }
        return codes;
    }

    /// Words of 32 lanes: `registers` for each lane, holding consecutive columns of a row.
    private static int[] fragments(Operand operand, int[][] matrix, int registers) {
        int perWord = 32 / operand.bits;
        int[] words = new int[32 * registers];
        for (int lane = 0; lane < 32; lane++) {
            for (int r = 0; r < registers; r++) {
                boolean tall = registers == 4;
                int row = lane / 4 + (tall ? 8 * (r & 1) : 0);
                int half = tall ? r >> 1 : r;
                for (int i = 0; i < perWord; i++) {
                    int column = perWord * (lane % 4) + i + half * operand.depth() / 2;
                    words[registers * lane + r] |=
                            (matrix[row][column] & (int) ((1L << operand.bits) - 1)) << operand.bits * i;
                }
            }
        }
        return words;
    }

    /// Every code of fp8, the midpoints between codes, and values beside them: nearest, ties to the even code.
    @Test
    void fp8RoundsToTheNearestCodeAndTiesToEven() {
        float[] x = new float[4 * 126];
        int[] expected = new int[x.length];
        for (int code = 0; code < 126; code++) {
            float low = (float) Operand.e4m3(code);
            float middle = (low + (float) Operand.e4m3(code + 1)) / 2;
            x[4 * code] = low;
            expected[4 * code] = code;
            x[4 * code + 1] = middle;
            expected[4 * code + 1] = code + code % 2;
            x[4 * code + 2] = Math.nextUp(middle);
            expected[4 * code + 2] = code + 1;
            x[4 * code + 3] = Math.nextDown(middle);
            expected[4 * code + 3] = code;
        }
        assertRounded(x, expected, 1, 8, 0x80);
        assertRounded(
                new float[] {448, 464, 1e30f, Float.POSITIVE_INFINITY}, new int[] {126, 126, 126, 126}, 1, 8, 0x80);
    }

    @Test
    void bf16RoundsToTheNearestCodeAndTiesToEven() {
        float[] x = {1, 1.00390625f, Math.nextUp(1.00390625f), 1.01171875f, 3.4e38f, Float.POSITIVE_INFINITY, 1e-40f, 0
        };
        int[] expected = {0x3F80, 0x3F80, 0x3F81, 0x3F82, 0x7F80, 0x7F80, 0x0001, 0};

        assertRounded(x, expected, 0, 16, 0x8000);
    }

    /// The probe rounds every value and, into the upper half, its negative.
    private static void assertRounded(float[] x, int[] expected, int word, int bits, int sign) {
        try (HostSimulator gpu = HostSimulator.start();
                DeviceArrays arrays = new DeviceArrays(gpu.context())) {
            DeviceMemory rounded = arrays.empty(8L * x.length);
            gpu.kernels()
                    .function("probe", "qr_probe_round")
                    .launch(
                            gpu.context().defaultStream(),
                            new Dim3(Math.ceilDiv(x.length, 64), 1, 1),
                            new Dim3(64, 1, 1),
                            0,
                            KernelArguments.of()
                                    .pointer(arrays.of(x))
                                    .pointer(rounded)
                                    .i32(x.length));
            int[] words = arrays.ints(rounded);
            for (int i = 0; i < x.length; i++) {
                int pair = words[2 * i + word];
                assertThat(pair & (1 << bits) - 1).as("%s", x[i]).isEqualTo(expected[i]);
                assertThat(pair >>> bits).as("-%s", x[i]).isEqualTo(expected[i] | sign);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Operand.class)
    void aWarpMultipliesAsTheManualDrawsFragments(Operand operand) {
        Random random = new Random(operand.ordinal());
        int[][] a = matrix(operand, ROWS, operand.depth(), random);
        int[][] transposedB = matrix(operand, COLUMNS, operand.depth(), random);
        int[] c = IntStream.generate(() -> random.nextInt(1000))
                .map(value -> operand.isInteger() ? value : Float.floatToIntBits(value))
                .limit(128)
                .toArray();
        int[] words = multiplied(operand, a, transposedB, c);

        for (int i = 0; i < 128; i++) {
            int row = i / 16 + 8 * (i % 4 >> 1);
            int column = 2 * (i / 4 % 4) + (i & 1);
            double expected = operand.isInteger() ? c[i] : Float.intBitsToFloat(c[i]);
            double size = Math.abs(expected);
            for (int k = 0; k < operand.depth(); k++) {
                double product =
                        operand.value.applyAsDouble(a[row][k]) * operand.value.applyAsDouble(transposedB[column][k]);
                expected += product;
                size += Math.abs(product);
            }
            double actual = operand.isInteger() ? words[i] : Float.intBitsToFloat(words[i]);
            assertThat(actual).isCloseTo(expected, within(operand.isInteger() ? 0 : 1e-6 * size));
        }
    }

    private static int[] multiplied(Operand operand, int[][] a, int[][] transposedB, int[] c) {
        try (HostSimulator gpu = HostSimulator.start();
                DeviceArrays arrays = new DeviceArrays(gpu.context())) {
            DeviceMemory d = arrays.empty(512);
            gpu.kernels()
                    .function("probe", "qr_probe_mma")
                    .launch(
                            gpu.context().defaultStream(),
                            new Dim3(1, 1, 1),
                            new Dim3(32, 1, 1),
                            0,
                            KernelArguments.of()
                                    .i32(operand.ordinal())
                                    .pointer(arrays.of(fragments(operand, a, 4)))
                                    .pointer(arrays.of(fragments(operand, transposedB, 2)))
                                    .pointer(arrays.of(c))
                                    .pointer(d));
            return arrays.ints(d);
        }
    }
}
