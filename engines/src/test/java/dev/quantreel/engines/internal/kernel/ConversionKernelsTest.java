package dev.quantreel.engines.internal.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConversionKernelsTest {

    private static final int[] LENGTHS = {0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 255, 4098};
    private static final float[] BOUNDARIES = {
        0f,
        -0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        448f,
        464f,
        465f,
        480f,
        57344f,
        61440f,
        65504f,
        65519f,
        65520f,
        0x1p-9f,
        0x1p-10f,
        0x1.8p-10f,
        0x1p-16f,
        0x1p-17f,
        0x1p-24f,
        0x1p-25f,
        0x1.000002p-25f,
        0x1p-14f,
    };

    /// One conversion, with its element sizes.
    enum Conversion {
        BF16_TO_F32(2, 4, ConversionKernels::bf16ToF32),
        F16_TO_F32(2, 4, ConversionKernels::f16ToF32),
        E4M3_TO_F32(1, 4, ConversionKernels::e4m3ToF32),
        E5M2_TO_F32(1, 4, ConversionKernels::e5m2ToF32),
        F32_TO_BF16(4, 2, ConversionKernels::f32ToBf16),
        F32_TO_F16(4, 2, ConversionKernels::f32ToF16),
        F32_TO_E4M3(4, 1, ConversionKernels::f32ToE4m3),
        F32_TO_E5M2(4, 1, ConversionKernels::f32ToE5m2);

        final int sourceBytes;
        final int targetBytes;
        final Kernel kernel;

        Conversion(int sourceBytes, int targetBytes, Kernel kernel) {
            this.sourceBytes = sourceBytes;
            this.targetBytes = targetBytes;
            this.kernel = kernel;
        }

        boolean widens() {
            return targetBytes == 4;
        }
    }

    interface Kernel {
        void run(ConversionKernels kernels, MemorySegment source, MemorySegment target);
    }

    @ParameterizedTest
    @EnumSource
    void vectorEqualsScalarAtEveryLengthAndOffset(Conversion conversion) {
        for (int length : LENGTHS) {
            for (int offset : new int[] {0, 1, 5}) {
                byte[] source = new byte[length * conversion.sourceBytes];
                new Random(length).nextBytes(source);
                if (!conversion.widens()) {
                    putNearbyFloats(source, new Random(31L * length));
                }
                byte[] expected = run(new ScalarConversionKernels(), conversion, source, offset);
                byte[] actual = run(new VectorConversionKernels(), conversion, source, offset);
                assertThat(Arrays.mismatch(actual, expected))
                        .as("first wrong byte at length %d, offset %d", length, offset)
                        .isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32_TO_BF16", "F32_TO_F16", "F32_TO_E4M3", "F32_TO_E5M2"})
    void vectorEqualsScalarOnBoundaryFills(Conversion conversion) {
        for (float value : BOUNDARIES) {
            for (float signed : new float[] {value, -value, Math.nextUp(value), Math.nextDown(value)}) {
                byte[] source = new byte[33 * 4];
                for (int i = 0; i < 33; i++) {
                    MemorySegment.ofArray(source).setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, signed);
                }
                assertThat(run(new VectorConversionKernels(), conversion, source, 0))
                        .as("%s", Float.toHexString(signed))
                        .containsExactly(run(new ScalarConversionKernels(), conversion, source, 0));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16_TO_F32", "F16_TO_F32", "E4M3_TO_F32", "E5M2_TO_F32"})
    void vectorEqualsScalarOnEveryCode(Conversion conversion) {
        byte[] source = everyCode(conversion.sourceBytes);
        byte[] expected = run(new ScalarConversionKernels(), conversion, source, 0);
        assertThat(Arrays.mismatch(run(new VectorConversionKernels(), conversion, source, 0), expected))
                .isEqualTo(-1);
    }

    @Test
    void everyByteFloatSurvivesTheRoundTrip() {
        ConversionKernels kernels = new ScalarConversionKernels();
        assertThat(roundTrip(kernels, Conversion.E4M3_TO_F32, Conversion.F32_TO_E4M3, 0x7F))
                .isEmpty();
        // 0x7C is infinity, which saturates; above it are the NaNs.
        assertThat(roundTrip(kernels, Conversion.E5M2_TO_F32, Conversion.F32_TO_E5M2, 0x7C))
                .isEmpty();
    }

    @Test
    void narrowingPicksTheNearestCodeAndTheEvenOneOnTies() {
        assertNearest(Conversion.E4M3_TO_F32, Conversion.F32_TO_E4M3, 0x7E);
        assertNearest(Conversion.E5M2_TO_F32, Conversion.F32_TO_E5M2, 0x7B);
        assertNearest(Conversion.F16_TO_F32, Conversion.F32_TO_F16, 0x7BFF);
        assertNearest(Conversion.BF16_TO_F32, Conversion.F32_TO_BF16, 0x7F7F);
    }

    @Test
    void byteFloatsSaturateAndHalfFloatsOverflowToInfinity() {
        assertThat(narrow(Conversion.F32_TO_E4M3, 1e9f)).isEqualTo(0x7E);
        assertThat(narrow(Conversion.F32_TO_E5M2, Float.NEGATIVE_INFINITY)).isEqualTo(0xFB);
        assertThat(narrow(Conversion.F32_TO_F16, 65520f)).isEqualTo(0x7C00);
        assertThat(narrow(Conversion.F32_TO_BF16, Float.MAX_VALUE)).isEqualTo(0x7F80);
        assertThat(narrow(Conversion.F32_TO_E4M3, Float.NaN) & 0x7F).isEqualTo(0x7F);
    }

    @Test
    void knownValuesOfTheEightBitFormats() {
        float[] e4m3 = floats(run(new ScalarConversionKernels(), Conversion.E4M3_TO_F32, everyCode(1), 0));
        float[] e5m2 = floats(run(new ScalarConversionKernels(), Conversion.E5M2_TO_F32, everyCode(1), 0));
        assertThat(new float[] {e4m3[0x01], e4m3[0x08], e4m3[0x38], e4m3[0x7E], e4m3[0xFE], e4m3[0x7F]})
                .containsExactly(0x1p-9f, 0x1p-6f, 1f, 448f, -448f, Float.NaN);
        assertThat(new float[] {e5m2[0x01], e5m2[0x04], e5m2[0x3C], e5m2[0x7B], e5m2[0xFC]})
                .containsExactly(0x1p-16f, 0x1p-14f, 1f, 57344f, Float.NEGATIVE_INFINITY);
    }

    @Test
    void sizesThatDoNotMatchAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConversionKernels.best()
                        .bf16ToF32(MemorySegment.ofArray(new byte[6]), MemorySegment.ofArray(new byte[8])))
                .withMessageContaining("6 bytes");
    }

    private static byte[] run(ConversionKernels kernels, Conversion conversion, byte[] source, int offset) {
        int length = source.length / conversion.sourceBytes;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(offset + source.length + 1L).asSlice(offset, source.length);
            from.copyFrom(MemorySegment.ofArray(source));
            MemorySegment whole = arena.allocate(offset + (long) length * conversion.targetBytes + 3);
            conversion.kernel.run(kernels, from, whole.asSlice(offset, (long) length * conversion.targetBytes));
            assertThat(whole.asSlice(whole.byteSize() - 3).toArray(ValueLayout.JAVA_BYTE))
                    .as("nothing is written past the end")
                    .containsOnly(0);
            return whole.asSlice(offset, (long) length * conversion.targetBytes).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /// Floats whose exponents lie where the narrow formats round, underflow and overflow.
    private static void putNearbyFloats(byte[] bytes, Random random) {
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < bytes.length / 4; i++) {
            float value = Math.scalb((float) random.nextGaussian(), random.nextInt(-30, 20));
            segment.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value);
        }
    }

    private static byte[] everyCode(int bytes) {
        byte[] codes = new byte[bytes << (8 * bytes)];
        for (int code = 0; code < 1 << (8 * bytes); code++) {
            for (int b = 0; b < bytes; b++) {
                codes[code * bytes + b] = (byte) (code >> (8 * b));
            }
        }
        return codes;
    }

    private static float[] floats(byte[] bytes) {
        return MemorySegment.ofArray(bytes).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }

    private static int[] roundTrip(ConversionKernels kernels, Conversion widen, Conversion narrow, int firstSpecial) {
        byte[] codes = everyCode(1);
        byte[] back = run(kernels, narrow, run(kernels, widen, codes, 0), 0);
        return IntStream.range(0, 256)
                .filter(code -> (code & 0x7F) < firstSpecial && back[code] != codes[code])
                .toArray();
    }

    private static int narrow(Conversion conversion, float value) {
        byte[] source = new byte[4];
        MemorySegment.ofArray(source).set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, value);
        byte[] code = run(new ScalarConversionKernels(), conversion, source, 0);
        return code.length == 1 ? code[0] & 0xFF : (code[0] & 0xFF) | (code[1] & 0xFF) << 8;
    }

    /// Between two neighbouring codes: the midpoint goes to the even one, its neighbours to the nearer one.
    private static void assertNearest(Conversion widen, Conversion narrow, int largest) {
        float[] values = floats(run(new ScalarConversionKernels(), widen, everyCode(widen.sourceBytes), 0));
        int step = Math.max(1, largest / 500);
        for (int code = 0; code < largest; code += step) {
            float middle = (float) (((double) values[code] + values[code + 1]) / 2);
            assertThat(narrow(narrow, middle)).as("tie above code %d", code).isEqualTo(code + (code & 1));
            assertThat(narrow(narrow, Math.nextDown(middle))).isEqualTo(code);
            assertThat(narrow(narrow, Math.nextUp(middle))).isEqualTo(code + 1);
        }
    }

    @Test
    void codesThatLieInTheUpperHalfOfARowAreWidenedInPlace() {
        for (ConversionKernels kernels :
                new ConversionKernels[] {new ScalarConversionKernels(), new VectorConversionKernels()}) {
            for (int count : new int[] {0, 2, 6, 30, 32, 34, 1536, 1 << 16}) {
                float[] values = new float[count + 3];
                Arrays.fill(values, 7);
                MemorySegment codes = MemorySegment.ofArray(values).asSlice(2L * count, 2L * count);
                for (int i = 0; i < count; i++) {
                    codes.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i, (short) (i * 40503));
                }

                kernels.bf16ToF32(values, count);

                for (int i = 0; i < count; i++) {
                    int expected = (short) (i * 40503) << 16;
                    assertThat(Float.floatToRawIntBits(values[i])).isEqualTo(expected);
                }
                assertThat(values).endsWith(7, 7, 7);
            }
        }
    }
}
