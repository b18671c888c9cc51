package dev.quantreel.engines.gguf;

import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The validated header of a GGUF file (version 2 or 3, little endian): what tensors there are, and where. Every tensor
/// lies inside the file, none overlaps another, so that no later reader needs to check.
///
/// @param entries tensors by name, in the order of the header
/// @param metadata key-value pairs that are numbers, texts or short lists of numbers, as text
/// @param dataOffsetBytes where the data begins in the file
record GgufHeader(SequencedMap<String, Entry> entries, Map<String, String> metadata, long dataOffsetBytes) {

    static final String ORIGINAL_SHAPE = "comfy.gguf.orig_shape.";

    private static final String ALIGNMENT = "general.alignment";
    private static final long DEFAULT_ALIGNMENT = 32;
    private static final long LARGEST_ALIGNMENT = 1 << 20;
    private static final int MAX_RANK = 8;

    /// The least a tensor description takes: name length, one byte of name, axes, one extent, type, offset.
    private static final long LEAST_ENTRY_BYTES = 8 + 1 + 4 + 4 + 8;

    /// One tensor.
    ///
    /// @param shape slowest axis first, the reverse of the file's order; the original one of flattened tensors
    /// @param beginBytes first byte, counted from the start of the data
    record Entry(GgmlType type, Shape shape, long beginBytes, long byteSize) {}

    /// Reads and validates.
    ///
    /// @param file name for messages
    /// @param content the whole file
    /// @throws CheckpointException naming file, tensor and what is wrong
    static GgufHeader parse(String file, MemorySegment content) {
        GgufReader reader = new GgufReader(file, content);
        reader.magicAndVersion();
        long tensors = reader.count("tensors", LEAST_ENTRY_BYTES);
        long pairs = reader.count("key-value pairs", 8 + 1 + 4 + 1);
        Map<String, String> metadata = reader.metadata(pairs);
        SequencedMap<String, Entry> entries = new LinkedHashMap<>();
        for (long i = 0; i < tensors; i++) {
            String name = reader.text("tensor name");
            if (entries.put(name, entry(reader, file, name, metadata)) != null) {
                throw CheckpointException.ofTensor(file, name, "the name occurs twice");
            }
        }
        long alignment = alignment(file, metadata);
        long dataOffset = Math.ceilDiv(reader.position(), alignment) * alignment;
        checkPlaces(file, entries, alignment, content.byteSize() - dataOffset);
        return new GgufHeader(
                Collections.unmodifiableSequencedMap(entries), Collections.unmodifiableMap(metadata), dataOffset);
    }

    private static Entry entry(GgufReader reader, String file, String name, Map<String, String> metadata) {
        long rank = reader.unsignedInt("number of axes of '" + CheckpointException.abbreviated(name) + "'");
        if (rank > MAX_RANK) {
            throw CheckpointException.ofTensor(file, name, rank + " axes; at most " + MAX_RANK + " are accepted");
        }
        long[] dims = new long[(int) rank];
        for (int i = 0; i < rank; i++) {
            dims[(int) rank - 1 - i] = reader.size("extent of '" + CheckpointException.abbreviated(name) + "'");
        }
        long number = reader.unsignedInt("type of '" + CheckpointException.abbreviated(name) + "'");
        GgmlType type = GgmlType.of(number)
                .orElseThrow(() -> CheckpointException.foreign(file, name, "has " + GgmlType.describe(number)));
        long begin = reader.size("offset of '" + CheckpointException.abbreviated(name) + "'");
        Shape stored = Shape.of(dims);
        long bytes = byteSize(file, name, type, stored);
        return new Entry(type, originalShape(file, name, stored, metadata), begin, bytes);
    }

    private static long byteSize(String file, String name, GgmlType type, Shape shape) {
        try {
            long row = shape.rank() == 0 ? 1 : shape.dim(-1);
            if (row % type.blockElements() != 0) {
                throw CheckpointException.ofTensor(
                        file,
                        name,
                        type + shape.toString() + " has rows that are no multiple of " + type.blockElements());
            }
            return Math.multiplyExact(shape.elements() / type.blockElements(), (long) type.blockBytes());
        } catch (ArithmeticException e) {
            throw new CheckpointException(
                    file,
                    "tensor '" + CheckpointException.abbreviated(name) + "': the size of " + type + shape
                            + " overflows 64 bits",
                    e);
        }
    }

    /// ComfyUI-GGUF flattens tensors of more than four axes and notes their shape.
    private static Shape originalShape(String file, String name, Shape stored, Map<String, String> metadata) {
        String noted = metadata.get(ORIGINAL_SHAPE + name);
        if (noted == null) {
            return stored;
        }
        try {
            List<Long> dims = new ArrayList<>();
            for (String dim : noted.split(",", -1)) {
                dims.add(Long.parseLong(dim));
            }
            Shape shape = Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
            if (shape.elements() == stored.elements()) {
                return shape;
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new CheckpointException(
                    file, ORIGINAL_SHAPE + name + " is '" + CheckpointException.abbreviated(noted) + "', no shape", e);
        }
        throw CheckpointException.ofTensor(
                file, name, ORIGINAL_SHAPE + name + " is [" + noted + "], which does not hold as many as " + stored);
    }

    private static long alignment(String file, Map<String, String> metadata) {
        String text = metadata.getOrDefault(ALIGNMENT, Long.toString(DEFAULT_ALIGNMENT));
        try {
            long alignment = Long.parseLong(text);
            if (alignment > 0 && alignment <= LARGEST_ALIGNMENT && Long.bitCount(alignment) == 1) {
                return alignment;
            }
        } catch (NumberFormatException e) {
            throw new CheckpointException(
                    file, ALIGNMENT + " is '" + CheckpointException.abbreviated(text) + "', no number", e);
        }
        throw new CheckpointException(
                file, ALIGNMENT + " is " + text + "; a power of two up to " + LARGEST_ALIGNMENT + " is accepted");
    }

    private static void checkPlaces(String file, SequencedMap<String, Entry> entries, long alignment, long dataBytes) {
        List<Map.Entry<String, Entry>> sorted = new ArrayList<>(entries.entrySet());
        sorted.sort(Map.Entry.comparingByValue(Comparator.comparingLong(Entry::beginBytes)));
        long end = 0;
        for (Map.Entry<String, Entry> tensor : sorted) {
            Entry entry = tensor.getValue();
            if (entry.beginBytes() % alignment != 0) {
                throw CheckpointException.ofTensor(
                        file,
                        tensor.getKey(),
                        "begins at byte " + entry.beginBytes() + ", which is not aligned to " + alignment);
            }
            if (entry.beginBytes() < end) {
                throw CheckpointException.ofTensor(
                        file, tensor.getKey(), "begins at byte " + entry.beginBytes() + ", inside the one before");
            }
            if (entry.byteSize() > dataBytes - entry.beginBytes()) {
                throw CheckpointException.ofTensor(
                        file,
                        tensor.getKey(),
                        "truncated: it needs bytes " + entry.beginBytes() + " to "
                                + (entry.beginBytes() + entry.byteSize()) + " of the data, the file has "
                                + Math.max(0, dataBytes) + "; download or copy it again");
            }
            end = entry.beginBytes() + entry.byteSize();
        }
    }
}
