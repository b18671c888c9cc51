package dev.quantreel.engines.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Streams the JSON of a header into entries; memory is bounded by the header's own length, depth by [#MAX_DEPTH].
final class HeaderJson {

    /// Deepest nesting of the format (object, entry, array) and one to spare.
    private static final int MAX_DEPTH = 4;

    private static final String METADATA = "__metadata__";

    /// Types a file may hold; the packed nibbles are ONNX's alone.
    private static final Set<DType> ACCEPTED = Arrays.stream(DType.values())
            .filter(dtype -> dtype != DType.I4 && dtype != DType.U4)
            .collect(Collectors.toUnmodifiableSet());

    private final String file;
    private final JsonParser parser;
    private final SequencedMap<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new HashMap<>();

    private HeaderJson(String file, JsonParser parser) {
        this.file = file;
        this.parser = parser;
    }

    record Parsed(SequencedMap<String, SafetensorsHeader.Entry> entries, Map<String, String> metadata) {}

    static Parsed parse(String file, byte[] json) {
        requireUtf8(file, json);
        JsonFactory factory = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxNameLength(json.length)
                        .maxStringLength(json.length)
                        .maxNumberLength(40)
                        .build())
                .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                .build();
        try (JsonParser parser = factory.createParser(json)) {
            HeaderJson reader = new HeaderJson(file, parser);
            reader.object();
            return new Parsed(
                    Collections.unmodifiableSequencedMap(reader.entries), Collections.unmodifiableMap(reader.metadata));
        } catch (JsonProcessingException e) {
            throw new SafetensorsException(file, "the header is not valid JSON: " + reason(e), e);
        } catch (IOException e) {
            throw new SafetensorsException(file, "the header cannot be read", e);
        }
    }

    private void object() throws IOException {
        parser.nextToken();
        boolean metadataSeen = false;
        for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
            if (name.equals(METADATA)) {
                if (metadataSeen) {
                    throw new SafetensorsException(file, "__metadata__ occurs twice");
                }
                metadataSeen = true;
                metadata();
            } else {
                SafetensorsHeader.Entry entry = entry(name);
                if (entries.put(name, entry) != null) {
                    throw SafetensorsException.of(file, name, "the name occurs twice");
                }
            }
        }
        if (parser.nextToken() != null) {
            throw new SafetensorsException(
                    file,
                    "the header goes on after its JSON object, at byte "
                            + parser.currentTokenLocation().getByteOffset());
        }
    }

    private void metadata() throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new SafetensorsException(file, "__metadata__ is " + found() + ", expected an object of strings");
        }
        for (String key = parser.nextFieldName(); key != null; key = parser.nextFieldName()) {
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw new SafetensorsException(
                        file,
                        "__metadata__ '" + SafetensorsException.abbreviated(key) + "' is " + found()
                                + ", expected a string");
            }
            if (metadata.put(key, parser.getText()) != null) {
                throw new SafetensorsException(
                        file, "__metadata__ '" + SafetensorsException.abbreviated(key) + "' occurs twice");
            }
        }
    }

    private SafetensorsHeader.Entry entry(String name) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw wrong(name, "is " + found() + ", expected an object with dtype, shape and data_offsets");
        }
        Set<String> seen = new HashSet<>();
        DType dtype = null;
        long[] shape = null;
        long[] offsets = null;
        for (String field = parser.nextFieldName(); field != null; field = parser.nextFieldName()) {
            if (!seen.add(field)) {
                throw wrong(name, "'" + SafetensorsException.abbreviated(field) + "' occurs twice");
            }
            parser.nextToken();
            switch (field) {
                case "dtype" -> dtype = dtype(name);
                case "shape" -> shape = longs(name, "shape", SafetensorsHeader.MAX_RANK);
                case "data_offsets" -> offsets = longs(name, "data_offsets", 2);
                default ->
                    throw wrong(
                            name,
                            "unknown field '" + SafetensorsException.abbreviated(field)
                                    + "', expected dtype, shape and data_offsets");
            }
        }
        return checked(
                name,
                present(name, "dtype", dtype),
                present(name, "shape", shape),
                present(name, "data_offsets", offsets));
    }

    private SafetensorsHeader.Entry checked(String name, DType dtype, long[] dims, long[] offsets) {
        if (offsets.length != 2) {
            throw wrong(name, "data_offsets has " + offsets.length + " numbers, expected begin and end");
        }
        if (offsets[0] > offsets[1]) {
            throw wrong(name, "data_offsets end at " + offsets[1] + ", before they begin at " + offsets[0]);
        }
        Shape shape = Shape.of(dims);
        long bits;
        try {
            bits = Math.multiplyExact(shape.elements(), (long) dtype.bits());
        } catch (ArithmeticException e) {
            throw wrong(name, "the size of " + dtype + shape + " overflows 64 bits");
        }
        if (bits % 8 != 0) {
            throw wrong(name, dtype + shape.toString() + " does not fill whole bytes");
        }
        if (bits / 8 != offsets[1] - offsets[0]) {
            throw wrong(
                    name,
                    dtype + shape.toString() + " needs " + bits / 8 + " bytes, data_offsets " + offsets[0] + " to "
                            + offsets[1] + " hold " + (offsets[1] - offsets[0]));
        }
        return new SafetensorsHeader.Entry(dtype, shape, offsets[0], offsets[1]);
    }

    private <T> T present(String name, String field, @Nullable T value) {
        if (value == null) {
            throw wrong(name, "'" + field + "' is missing");
        }
        return value;
    }

    private DType dtype(String name) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw wrong(name, "dtype is " + found() + ", expected a string");
        }
        String text = parser.getText();
        for (DType dtype : ACCEPTED) {
            if (dtype.name().equals(text)) {
                return dtype;
            }
        }
        throw wrong(
                name,
                "unknown dtype '" + SafetensorsException.abbreviated(text) + "', accepted are "
                        + ACCEPTED.stream().sorted().map(DType::name).collect(Collectors.joining(" ")));
    }

    private long[] longs(String name, String field, int most) throws IOException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw wrong(name, field + " is " + found() + ", expected an array of integers");
        }
        List<Long> numbers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
                throw wrong(name, field + " holds " + found() + ", expected integers");
            }
            if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
                throw wrong(name, field + " holds " + parser.getText() + ", which overflows 64 bits");
            }
            long number = parser.getLongValue();
            if (number < 0) {
                throw wrong(name, field + " holds the negative number " + number);
            }
            if (numbers.size() == most) {
                throw wrong(name, field + " has more than " + most + " numbers");
            }
            numbers.add(number);
        }
        return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    private SafetensorsException wrong(String tensor, String message) {
        return SafetensorsException.of(file, tensor, message);
    }

    /// What the current token is, in words.
    private String found() throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "the string \"" + SafetensorsException.abbreviated(parser.getText()) + "\"";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + parser.getText();
            case VALUE_TRUE, VALUE_FALSE, VALUE_NULL -> parser.getText();
            case null, default -> "nothing";
        };
    }

    private static String reason(JsonProcessingException e) {
        long offset = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
        return SafetensorsException.abbreviated(e.getOriginalMessage()) + (offset < 0 ? "" : " at byte " + offset);
    }

    private static void requireUtf8(String file, byte[] json) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.wrap(json);
        CharBuffer chars = CharBuffer.allocate(8192);
        CoderResult result;
        do {
            chars.clear();
            result = decoder.decode(bytes, chars, true);
        } while (result.isOverflow());
        if (result.isError()) {
            throw new SafetensorsException(file, "the header is not valid UTF-8 at byte " + bytes.position());
        }
    }
}
