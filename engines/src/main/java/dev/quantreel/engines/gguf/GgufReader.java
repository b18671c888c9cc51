package dev.quantreel.engines.gguf;

import dev.quantreel.engines.tensor.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

/// Reads the fields of a GGUF header one after the other; no length is trusted before it is checked against what is
/// left of the file.
final class GgufReader {

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MAGIC = 'G' | 'G' << 8 | 'U' << 16 | 'F' << 24;

    private static final long LONGEST_NAME_BYTES = 65_535;
    private static final int LONGEST_LIST = 16;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private final String file;
    private final MemorySegment content;
    private long position;

    GgufReader(String file, MemorySegment content) {
        this.file = file;
        this.content = content;
    }

    long position() {
        return position;
    }

    void magicAndVersion() {
        require(8, "magic and version");
        if (content.get(INT, 0) != MAGIC) {
            throw new CheckpointException(file, "does not begin with GGUF; this is no GGUF file");
        }
        int version = content.get(INT, 4);
        position = 8;
        if (version != 2 && version != 3) {
            boolean swapped = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
            throw new CheckpointException(
                    file,
                    swapped
                            ? "is a big-endian GGUF file; little-endian ones are accepted"
                            : "is GGUF version " + Integer.toUnsignedString(version)
                                    + "; versions 2 and 3 are accepted");
        }
    }

    /// A number of things that take at least `leastBytes` each.
    long count(String what, long leastBytes) {
        long count = size("number of " + what);
        if (count > (content.byteSize() - position) / leastBytes) {
            throw new CheckpointException(
                    file,
                    "truncated or damaged: it claims " + count + " " + what + ", and only "
                            + (content.byteSize() - position) + " bytes follow");
        }
        return count;
    }

    /// A 64-bit number that must not be negative.
    long size(String what) {
        require(8, what);
        long value = content.get(LONG, position);
        position += 8;
        if (value < 0) {
            throw new CheckpointException(file, what + " is " + Long.toUnsignedString(value) + ", beyond any file");
        }
        return value;
    }

    long unsignedInt(String what) {
        require(4, what);
        long value = Integer.toUnsignedLong(content.get(INT, position));
        position += 4;
        return value;
    }

    /// A short name.
    String text(String what) {
        long length = size("length of " + what);
        if (length > LONGEST_NAME_BYTES) {
            throw new CheckpointException(
                    file, what + " of " + length + " bytes; at most " + LONGEST_NAME_BYTES + " are accepted");
        }
        return string(length, what);
    }

    private String string(long length, String what) {
        require(length, what);
        byte[] bytes = content.asSlice(position, length).toArray(ValueLayout.JAVA_BYTE);
        position += length;
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /// All key-value pairs; long lists (vocabularies) are passed over.
    Map<String, String> metadata(long pairs) {
        Map<String, String> metadata = new LinkedHashMap<>();
        for (long i = 0; i < pairs; i++) {
            String key = text("metadata key");
            int type = (int) unsignedInt("type of " + CheckpointException.abbreviated(key));
            String value = value(key, type);
            if (metadata.put(key, value) != null) {
                throw new CheckpointException(
                        file, "metadata '" + CheckpointException.abbreviated(key) + "' occurs twice");
            }
        }
        metadata.values().removeIf(String::isEmpty);
        return metadata;
    }

    private String value(String key, int type) {
        return switch (type) {
            case STRING -> string(size("length of " + CheckpointException.abbreviated(key)), key);
            case ARRAY -> list(key);
            default -> scalar(key, type);
        };
    }

    private String scalar(String key, int type) {
        int bytes = bytes(key, type);
        require(bytes, key);
        long at = position;
        position += bytes;
        return switch (type) {
            case 0 -> Integer.toString(content.get(ValueLayout.JAVA_BYTE, at) & 0xFF);
            case 1 -> Byte.toString(content.get(ValueLayout.JAVA_BYTE, at));
            case 2 -> Integer.toString(content.get(SHORT, at) & 0xFFFF);
            case 3 -> Short.toString(content.get(SHORT, at));
            case 4 -> Integer.toUnsignedString(content.get(INT, at));
            case 5 -> Integer.toString(content.get(INT, at));
            case 6 -> Float.toString(Float.intBitsToFloat(content.get(INT, at)));
            case 7 -> Boolean.toString(content.get(ValueLayout.JAVA_BYTE, at) != 0);
            case 10 -> Long.toUnsignedString(content.get(LONG, at));
            case 11 -> Long.toString(content.get(LONG, at));
            default -> Double.toString(Double.longBitsToDouble(content.get(LONG, at)));
        };
    }

    private int bytes(String key, int type) {
        return switch (type) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            case 10, 11, 12 -> 8;
            default ->
                throw new CheckpointException(
                        file,
                        "metadata '" + CheckpointException.abbreviated(key) + "' has the unknown type "
                                + Integer.toUnsignedString(type));
        };
    }

    private String list(String key) {
        int type = (int) unsignedInt("element type of " + CheckpointException.abbreviated(key));
        if (type == ARRAY) {
            throw new CheckpointException(
                    file, "metadata '" + CheckpointException.abbreviated(key) + "' is a list of lists");
        }
        long length =
                count("elements of " + CheckpointException.abbreviated(key), type == STRING ? 8 : bytes(key, type));
        if (type == STRING) {
            for (long i = 0; i < length; i++) {
                long bytes = size("length of a text in " + CheckpointException.abbreviated(key));
                require(bytes, key);
                position += bytes;
            }
            return "";
        }
        if (length > LONGEST_LIST) {
            position += length * bytes(key, type);
            return "";
        }
        StringJoiner list = new StringJoiner(",");
        for (long i = 0; i < length; i++) {
            list.add(scalar(key, type));
        }
        return list.toString();
    }

    private void require(long bytes, String what) {
        if (bytes > content.byteSize() - position) {
            throw new CheckpointException(
                    file,
                    "truncated: " + CheckpointException.abbreviated(what) + " needs " + bytes + " bytes at byte "
                            + position + ", the file has " + content.byteSize());
        }
    }
}
