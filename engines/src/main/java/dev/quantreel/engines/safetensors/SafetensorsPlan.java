package dev.quantreel.engines.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/// A safetensors file before its tensors exist: the bytes of its header, and where each tensor will lie. Immutable.
///
/// As in the reference implementation tensors lie widest type first, then by name, so that each is aligned; metadata is
/// sorted by key; the header is padded with spaces to a multiple of 8.
public final class SafetensorsPlan {

    private static final int ALIGNMENT = 8;

    private final byte[] headerBytes;
    private final SafetensorsHeader header;
    private final long dataBytes;

    /// What a tensor will be.
    public record Type(DType dtype, Shape shape) {

        /// Bytes of its data.
        public long byteSize() {
            return dtype.byteSize(shape.elements());
        }
    }

    private SafetensorsPlan(byte[] headerBytes, SafetensorsHeader header, long dataBytes) {
        this.headerBytes = headerBytes;
        this.header = header;
        this.dataBytes = dataBytes;
    }

    /// Plans a file.
    ///
    /// @param file name for messages
    /// @param metadata goes to `__metadata__`, which is left out when empty
    /// @throws SafetensorsException when a type or a name cannot be written, or the header would be too long
    public static SafetensorsPlan of(String file, Map<String, Type> tensors, Map<String, String> metadata) {
        SequencedMap<String, SafetensorsHeader.Entry> entries = new LinkedHashMap<>();
        long offset = 0;
        for (Map.Entry<String, Type> tensor : ordered(file, tensors)) {
            Type type = tensor.getValue();
            long end = offset + type.byteSize();
            entries.put(tensor.getKey(), new SafetensorsHeader.Entry(type.dtype(), type.shape(), offset, end));
            offset = end;
        }
        byte[] bytes = bytes(file, entries, metadata);
        return new SafetensorsPlan(bytes, new SafetensorsHeader(entries, metadata, bytes.length), offset);
    }

    /// Where the tensors will lie; entries in file order.
    public SafetensorsHeader header() {
        return header;
    }

    /// Size of the whole file.
    public long fileBytes() {
        return headerBytes.length + dataBytes;
    }

    /// Length prefix and header, to be read once.
    public ByteBuffer headerBytes() {
        return ByteBuffer.wrap(headerBytes).asReadOnlyBuffer();
    }

    private static List<Map.Entry<String, Type>> ordered(String file, Map<String, Type> tensors) {
        tensors.forEach((name, type) -> {
            if (type.dtype() == DType.I4 || type.dtype() == DType.U4) {
                throw SafetensorsException.of(
                        file, name, type.dtype() + " is no safetensors type; store packed nibbles as U8");
            }
            if (name.equals("__metadata__")
                    || !StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
                throw SafetensorsException.of(file, name, "this cannot be the name of a tensor");
            }
        });
        return tensors.entrySet().stream()
                .sorted(Comparator.comparingInt((Map.Entry<String, Type> e) ->
                                -e.getValue().dtype().bits())
                        .thenComparing(Map.Entry::getKey))
                .toList();
    }

    private static byte[] bytes(
            String file, SequencedMap<String, SafetensorsHeader.Entry> entries, Map<String, String> metadata) {
        ByteArrayOutputStream json = new ByteArrayOutputStream();
        json.writeBytes(new byte[SafetensorsHeader.LENGTH_BYTES]);
        try (JsonGenerator generator = new JsonFactory().createGenerator(json)) {
            generator.writeStartObject();
            if (!metadata.isEmpty()) {
                generator.writeObjectFieldStart("__metadata__");
                for (Map.Entry<String, String> entry : new TreeMap<>(metadata).entrySet()) {
                    generator.writeStringField(entry.getKey(), entry.getValue());
                }
                generator.writeEndObject();
            }
            for (Map.Entry<String, SafetensorsHeader.Entry> entry : entries.entrySet()) {
                write(generator, entry.getKey(), entry.getValue());
            }
            generator.writeEndObject();
        } catch (IOException e) {
            throw new SafetensorsException(file, "the header cannot be written: " + e.getMessage(), e);
        }
        byte[] written = json.toByteArray();
        byte[] padded = Arrays.copyOf(written, Math.ceilDiv(written.length, ALIGNMENT) * ALIGNMENT);
        Arrays.fill(padded, written.length, padded.length, (byte) ' ');
        long length = padded.length - SafetensorsHeader.LENGTH_BYTES;
        if (length > SafetensorsHeader.MAX_HEADER_BYTES) {
            throw new SafetensorsException(
                    file,
                    "a header of " + length + " bytes is over the limit of " + SafetensorsHeader.MAX_HEADER_BYTES);
        }
        ByteBuffer.wrap(padded).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);
        return padded;
    }

    private static void write(JsonGenerator generator, String name, SafetensorsHeader.Entry entry) throws IOException {
        generator.writeObjectFieldStart(name);
        generator.writeStringField("dtype", entry.dtype().name());
        generator.writeFieldName("shape");
        generator.writeArray(entry.shape().toArray(), 0, entry.shape().rank());
        generator.writeFieldName("data_offsets");
        generator.writeArray(new long[] {entry.beginBytes(), entry.endBytes()}, 0, 2);
        generator.writeEndObject();
    }
}
