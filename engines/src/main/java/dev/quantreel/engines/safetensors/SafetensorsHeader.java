package dev.quantreel.engines.safetensors;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The validated header of a safetensors file: what tensors there are, and where.
///
/// Layout: 8 bytes little-endian length N, N bytes of JSON, then the data. The tensors cover the data exactly, without
/// overlap and without holes, and each is as long as its type and shape say, so that no later reader needs to check.
///
/// @param entries tensors by name, in the order of the header
/// @param metadata `__metadata__`; empty when absent
/// @param dataOffsetBytes where the data begins in the file
public record SafetensorsHeader(
        SequencedMap<String, Entry> entries, Map<String, String> metadata, long dataOffsetBytes) {

    /// Longest header accepted, as in the reference implementation.
    public static final long MAX_HEADER_BYTES = 100_000_000;

    /// Most axes a tensor may have.
    public static final int MAX_RANK = 32;

    static final int LENGTH_BYTES = 8;
    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// One tensor.
    ///
    /// @param beginBytes first byte, counted from the start of the data
    /// @param endBytes byte after the last
    public record Entry(DType dtype, Shape shape, long beginBytes, long endBytes) {

        public long byteSize() {
            return endBytes - beginBytes;
        }
    }

    /// Reads and validates.
    ///
    /// @param file name for messages
    /// @param content the whole file
    /// @throws SafetensorsException naming file, tensor and what is wrong
    public static SafetensorsHeader parse(String file, MemorySegment content) {
        long jsonBytes = jsonBytes(file, content);
        byte[] json = content.asSlice(LENGTH_BYTES, jsonBytes).toArray(ValueLayout.JAVA_BYTE);
        HeaderJson.Parsed parsed = HeaderJson.parse(file, json);
        long dataOffset = LENGTH_BYTES + jsonBytes;
        checkCoverage(file, parsed.entries(), content.byteSize() - dataOffset);
        return new SafetensorsHeader(parsed.entries(), parsed.metadata(), dataOffset);
    }

    private static long jsonBytes(String file, MemorySegment content) {
        long size = content.byteSize();
        if (size < LENGTH_BYTES) {
            throw new SafetensorsException(
                    file, "truncated: " + size + " bytes, a safetensors file begins with 8 bytes of header length");
        }
        long length = content.get(LENGTH, 0);
        if (length < 0 || length > MAX_HEADER_BYTES) {
            throw new SafetensorsException(
                    file,
                    "header length " + Long.toUnsignedString(length) + " is over the limit of " + MAX_HEADER_BYTES
                            + " bytes; this is hardly a safetensors file");
        }
        if (length < 2) {
            throw new SafetensorsException(file, "header length " + length + " is too short for a JSON object");
        }
        if (length > size - LENGTH_BYTES) {
            throw new SafetensorsException(
                    file, "truncated: the header needs " + (length + LENGTH_BYTES) + " bytes, the file has " + size);
        }
        if (content.get(ValueLayout.JAVA_BYTE, LENGTH_BYTES) != '{') {
            throw new SafetensorsException(file, "the header does not begin with '{'; this is not a safetensors file");
        }
        return length;
    }

    /// Sorted by offset, each tensor must begin where the one before ended, and the last end with the file.
    private static void checkCoverage(String file, Map<String, Entry> entries, long dataBytes) {
        List<Map.Entry<String, Entry>> sorted = new ArrayList<>(entries.entrySet());
        sorted.sort(Map.Entry.comparingByValue(
                Comparator.comparingLong(Entry::beginBytes).thenComparingLong(Entry::endBytes)));
        long end = 0;
        String previous = "";
        for (Map.Entry<String, Entry> tensor : sorted) {
            Entry entry = tensor.getValue();
            if (entry.beginBytes() < end) {
                throw SafetensorsException.of(
                        file,
                        tensor.getKey(),
                        "bytes " + entry.beginBytes() + " to " + entry.endBytes() + " overlap tensor '"
                                + SafetensorsException.abbreviated(previous) + "', which ends at " + end);
            }
            if (entry.beginBytes() > end) {
                throw SafetensorsException.of(
                        file,
                        tensor.getKey(),
                        "begins at byte " + entry.beginBytes() + ", leaving a hole after byte " + end);
            }
            end = entry.endBytes();
            previous = tensor.getKey();
        }
        if (end > dataBytes) {
            throw SafetensorsException.of(
                    file,
                    previous,
                    "truncated: the tensors need " + end + " bytes of data, the file has " + dataBytes + " ("
                            + (end - dataBytes) + " missing); download or copy it again");
        }
        if (end < dataBytes) {
            throw new SafetensorsException(
                    file, (dataBytes - end) + " trailing bytes after the last tensor, which no tensor owns");
        }
    }
}
