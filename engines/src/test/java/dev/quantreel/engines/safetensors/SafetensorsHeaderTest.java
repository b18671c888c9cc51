package dev.quantreel.engines.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsHeaderTest {

    private static final String FILE = "model.safetensors";

    @Test
    void tensorsAndMetadataAreFoundInFileOrder() {
        SafetensorsHeader header = parse("""
                {"__metadata__":{"format":"pt","empty":""},
                 "b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
                 "a":{"dtype":"BF16","shape":[],"data_offsets":[24,26]},
                 "none":{"dtype":"I64","shape":[4,0],"data_offsets":[26,26]}}   """, 26);

        assertThat(header.entries().keySet()).containsExactly("b", "a", "none");
        assertThat(header.entries().get("b")).isEqualTo(new SafetensorsHeader.Entry(DType.F32, Shape.of(2, 3), 0, 24));
        assertThat(header.entries().get("a")).isEqualTo(new SafetensorsHeader.Entry(DType.BF16, Shape.of(), 24, 26));
        assertThat(header.metadata()).containsOnly(Map.entry("format", "pt"), Map.entry("empty", ""));
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'t':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'t':{'dtype':'F32','shape':[0],'data_offsets':[8,8]}} | occurs twice",
                "{'t':{'dtype':'F32','dtype':'F32','shape':[2],'data_offsets':[0,8]}} | 'dtype' occurs twice",
                "{'t':{'dtype':'F99','shape':[2],'data_offsets':[0,8]}} | unknown dtype 'F99', accepted are BOOL U8",
                "{'t':{'dtype':'I4','shape':[16],'data_offsets':[0,8]}} | unknown dtype 'I4'",
                "{'t':{'dtype':7,'shape':[2],'data_offsets':[0,8]}} | dtype is the number 7",
                "{'t':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | needs 12 bytes, data_offsets 0 to 8 hold 8",
                "{'t':{'dtype':'F32','shape':[-2],'data_offsets':[0,8]}} | negative number -2",
                "{'t':{'dtype':'F32','shape':[2.5],'data_offsets':[0,8]}} | shape holds the number 2.5",
                "{'t':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}} | shape holds the string \"2\"",
                "{'t':{'dtype':'F32','shape':2,'data_offsets':[0,8]}} | shape is the number 2",
                "{'t':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,8]}} | overflows 64 bits",
                "{'t':{'dtype':'F32','shape':[4611686018427387904],'data_offsets':[0,8]}} | overflows 64 bits",
                "{'t':{'dtype':'F32','shape':[99999999999999999999],'data_offsets':[0,8]}} | overflows 64 bits",
                "{'t':{'dtype':'F4','shape':[15],'data_offsets':[0,8]}} | does not fill whole bytes",
                "{'t':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | before they begin",
                "{'t':{'dtype':'F32','shape':[2],'data_offsets':[0]}} | has 1 numbers, expected begin and end",
                "{'t':{'dtype':'F32','shape':[2],'data_offsets':[0,8,9]}} | more than 2 numbers",
                "{'t':{'dtype':'F32','shape':[2],'data_offsets':[-8,0]}} | negative number -8",
                "{'t':{'shape':[2],'data_offsets':[0,8]}} | 'dtype' is missing",
                "{'t':{'dtype':'F32','data_offsets':[0,8]}} | 'shape' is missing",
                "{'t':{'dtype':'F32','shape':[2]}} | 'data_offsets' is missing",
                "{'t':{'dtype':'F32','shape':[2],'data_offsets':[0,8],'stride':[1]}} | unknown field 'stride'",
                "{'t':[1]} | is an array, expected an object",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'t':{'dtype':'U8','shape':[5],'data_offsets':[3,8]}} | overlap tensor 'a'",
                "{'a':{'dtype':'U8','shape':[3],'data_offsets':[0,3]},'t':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | leaving a hole after byte 3",
                "{'t':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | leaving a hole after byte 0",
                "{'t':{'dtype':'F32','shape':[3],'data_offsets':[0,12]}} | truncated: the tensors need 12 bytes of data, the file has 8 (4 missing)",
            })
    void aBadTensorIsNamedWithWhatIsWrong(String json, String message) {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> parse(json, 8))
                .withMessageStartingWith(FILE + ": tensor 't': ")
                .withMessageContaining(message);
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'t':{'dtype':'U8','shape':[5],'data_offsets':[0,5]}} | 3 trailing bytes",
                "{} | 8 trailing bytes",
                "{'__metadata__':{'a':1}} | __metadata__ 'a' is the number 1, expected a string",
                "{'__metadata__':{'a':{'b':'c'}}} | 'a' is an object",
                "{'__metadata__':{'a':'1','a':'2'}} | 'a' occurs twice",
                "{'__metadata__':'x'} | __metadata__ is the string",
                "{'__metadata__':{},'__metadata__':{}} | __metadata__ occurs twice",
                "{'t': | not valid JSON",
                "{nonsense} | not valid JSON",
                "{} {} | goes on after its JSON object",
                "[] | does not begin with '{'",
                "x | too short",
                "{'t':{'dtype':'F32','shape':[[[[[[2]]]]]],'data_offsets':[0,8]}} | shape holds an array",
            })
    void aBadHeaderIsExplained(String json, String message) {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> parse(json, 8))
                .withMessageStartingWith(FILE + ": ")
                .withMessageContaining(message);
    }

    @Test
    void deepNestingIsRefusedWithoutOverflowingTheStack() {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> parse("{'t':{'dtype':" + "[".repeat(100_000), 8));
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> parse("{'t':" + "{'a':".repeat(100_000), 8));
    }

    @Test
    void aRankOfAThousandIsRefused() {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() ->
                        parse("{'t':{'dtype':'F32','shape':[" + "1,".repeat(999) + "2],'data_offsets':[0,8]}}", 8))
                .withMessageContaining("more than 32 numbers");
    }

    @ParameterizedTest
    @ValueSource(longs = {Long.MAX_VALUE, Long.MIN_VALUE, -1, 100_000_001})
    void aHugeHeaderLengthIsRefusedBeforeAnythingIsAllocated(long length) {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(
                        () -> SafetensorsHeader.parse(FILE, withLength(length, "{}".getBytes(StandardCharsets.UTF_8))))
                .withMessageContaining("over the limit")
                .withMessageContaining(Long.toUnsignedString(length));
    }

    @Test
    void aHeaderLongerThanTheFileIsCalledTruncated() {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsHeader.parse(FILE, withLength(50, "{}".getBytes(StandardCharsets.UTF_8))))
                .withMessageContaining("truncated: the header needs 58 bytes, the file has 10");
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsHeader.parse(FILE, MemorySegment.ofArray(new byte[3])))
                .withMessageContaining("truncated: 3 bytes");
    }

    @Test
    void invalidUtf8IsRefused() {
        byte[] json =
                "{\"t?\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}".getBytes(StandardCharsets.UTF_8);
        json[3] = (byte) 0xC0;
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> SafetensorsHeader.parse(FILE, withLength(json.length, json)))
                .withMessageContaining("not valid UTF-8 at byte 3");
    }

    @Test
    void hostileNamesDoNotReachTheTerminalRaw() {
        assertThatExceptionOfType(SafetensorsException.class)
                .isThrownBy(() -> parse("{'\\u001b[31m\\u202e" + "x".repeat(5000) + "':1}", 8))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(500).doesNotContain("\u001b", "\u202e"));
    }

    @Test
    void mutatedHeadersNeverEscapeTheChecks() {
        byte[] good = ("{\"__metadata__\":{\"k\":\"v\"},\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
                        + "12345678")
                .getBytes(StandardCharsets.UTF_8);
        Random random = new Random(7);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = withLength(good.length - 8L, good).toArray(ValueLayout.JAVA_BYTE);
            for (int flips = random.nextInt(1, 4); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                SafetensorsHeader header = SafetensorsHeader.parse(FILE, MemorySegment.ofArray(bytes));
                header.entries().values().forEach(entry -> assertThat(header.dataOffsetBytes() + entry.endBytes())
                        .isLessThanOrEqualTo(bytes.length));
            } catch (SafetensorsException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(10_000);
    }

    /// A file of this JSON (with ' for ") and so many bytes of data.
    private static SafetensorsHeader parse(String json, int dataBytes) {
        byte[] header = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        ByteBuffer content = ByteBuffer.allocate(header.length + dataBytes).put(header);
        return SafetensorsHeader.parse(FILE, withLength(header.length, content.array()));
    }

    private static MemorySegment withLength(long length, byte[] rest) {
        return MemorySegment.ofArray(ByteBuffer.allocate(8 + rest.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(rest)
                .array());
    }
}
