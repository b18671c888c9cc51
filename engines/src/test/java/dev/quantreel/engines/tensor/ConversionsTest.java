package dev.quantreel.engines.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ConversionsTest {

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({
        "BOOL, 0001, '0 1'",
        "U8, 00ff, '0 255'",
        "I8, 7f80, '127 -128'",
        "I16, ff7f0080, '32767 -32768'",
        "U16, ffff0100, '65535 1'",
        "I32, ffffffff00000080, '-1 -2147483648'",
        "U32, ffffffff01000000, '4294967296 1'",
        "I64, ffffffffffffffff0000000000000080, '-1 -9223372036854775808'",
        "U64, ffffffffffffffff0000000000000080, '18446744073709551616 9223372036854775808'",
        "F16, 003c00c0, '1 -2'",
        "BF16, 803f20c1, '1 -10'",
        "F32, 0000803f000020c1, '1 -10'",
        "F64, 000000000000f03f00000000000004c0, '1 -2.5'",
        "F8_E4M3, 3801, '1 0.001953125'",
        "F8_E5M2, 3cc0, '1 -2'",
        "F8_E8M0, 7f80, '1 2'",
        "F4, 7f, '-6 6'",
        "U4, f1, '1 15'",
        "I4, f1, '1 -1'",
    })
    void everyTypeHasItsValues(DType dtype, String littleEndianHex, String values) {
        MemorySegment data = MemorySegment.ofArray(HexFormat.of().parseHex(littleEndianHex));
        float[] expected = new float[2];
        for (int i = 0; i < 2; i++) {
            expected[i] = Float.parseFloat(values.split(" ", -1)[i]);
        }
        Tensor tensor = new Tensor(dtype, Shape.of(2), data);
        assertThat(Conversions.toFloatArray(tensor)).containsExactly(expected);
        assertThat(Conversions.toF32(tensor).toFloatArray()).containsExactly(expected);
        assertThat(Conversions.toF32(tensor).shape()).isEqualTo(Shape.of(2));
    }

    @Test
    void unsignedLongsRoundOnce() {
        // 2^63 + 2^39 + 1 lies just above the middle of two floats; 2^63 + 2^39 is the middle and goes to the even one.
        Tensor tensor = new Tensor(
                DType.U64,
                Shape.of(2),
                Tensor.ofLongs(Shape.of(2), Long.MIN_VALUE + (1L << 39) + 1, Long.MIN_VALUE + (1L << 39))
                        .data());
        assertThat(Conversions.toFloatArray(tensor)).containsExactly(Math.nextUp(0x1p63f), 0x1p63f);
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "F8_E4M3", "F8_E5M2", "F32"})
    void smallIntegersSurviveEveryFloatType(DType dtype) {
        Tensor tensor = Tensor.of(Shape.of(2, 3), -2, -1, 0, 1, 2, 4);
        Tensor narrow = Conversions.fromF32(tensor, dtype);
        assertThat(narrow.dtype()).isEqualTo(dtype);
        assertThat(Conversions.toFloatArray(narrow)).containsExactly(tensor.toFloatArray());
    }

    @Test
    void typesWithoutAConversionAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Conversions.toF32(Tensor.zeros(DType.C64, Shape.of(1))))
                .withMessageContaining("C64");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Conversions.fromF32(Tensor.scalar(1), DType.I8))
                .withMessageContaining("I8");
    }

    @Test
    void theFirstNonFiniteWeightIsNamed() {
        float[] values = new float[70_000];
        values[69_998] = Float.POSITIVE_INFINITY;
        values[69_999] = Float.NaN;
        Tensor good = Tensor.zeros(DType.F32, Shape.of(3));
        Tensor bad = Tensor.of(Shape.of(70_000), values);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("codes", Tensor.zeros(DType.I32, Shape.of(3)));
        tensors.put("good", good);
        assertThat(NonFinite.firstIn(new MemoryCheckpoint("x", tensors, Map.of())))
                .isEmpty();
        for (DType dtype : new DType[] {DType.F32, DType.F16, DType.BF16}) {
            tensors.put("bad", Conversions.fromF32(bad, dtype));
            assertThat(NonFinite.firstIn(new MemoryCheckpoint("x", tensors, Map.of())))
                    .hasValueSatisfying(
                            found -> assertThat(found.describe()).isEqualTo("infinity at element 69998 of bad"));
        }
        Tensor doubles = Tensor.ofLongs(Shape.of(2), 0, Double.doubleToLongBits(Double.NaN));
        assertThat(NonFinite.firstIn("d", new Tensor(DType.F64, Shape.of(2), doubles.data())))
                .hasValueSatisfying(found -> assertThat(found.describe()).isEqualTo("NaN at element 1 of d"));
    }
}
