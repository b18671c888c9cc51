package dev.quantreel.engines.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// Writes a checkpoint: to a temporary file beside the target, flushed, then moved over it, so that the target is
/// always either the old file or the whole new one; on failure the temporary file is removed.
///
/// Bytes depend on the content alone. As in the reference implementation tensors lie widest type first, then by name,
// so
/// that each is aligned; metadata is sorted by key; the header is padded with spaces to a multiple of 8.
public final class SafetensorsWriter {

    private static final long PIECE_BYTES = 8L << 20;
    private static final int ALIGNMENT = 8;

    private SafetensorsWriter() {}

    /// Writes all tensors and metadata of a checkpoint.
    ///
    /// @throws SafetensorsException when it cannot be written; the target is as it was
    public static void write(Path target, Checkpoint checkpoint) {
        Map<String, Tensor> tensors = new TreeMap<>();
        checkpoint.names().forEach(name -> tensors.put(name, checkpoint.tensor(name)));
        write(target, tensors, checkpoint.metadata());
    }

    /// Writes named tensors.
    ///
    /// @param metadata goes to `__metadata__`, which is left out when empty
    /// @throws SafetensorsException when it cannot be written; the target is as it was
    public static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata) {
        write(
                target,
                tensors,
                metadata,
                path -> FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /// As [#write(Path, Map, Map)], with the channel opened by `output`: the place where tests put a full disk.
    static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata, Output output) {
        String file = target.toString();
        List<Map.Entry<String, Tensor>> ordered = ordered(file, tensors);
        byte[] header = header(file, ordered, metadata);
        Path absolute = target.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder == null) {
            throw new SafetensorsException(file, "is not a file name");
        }
        Path temporary = folder.resolve("." + absolute.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(folder);
            requireSpace(file, folder, header.length + dataBytes(ordered));
            try (WritableByteChannel channel = output.open(temporary)) {
                writeFully(channel, ByteBuffer.wrap(header));
                for (Map.Entry<String, Tensor> tensor : ordered) {
                    writeFully(channel, tensor.getValue().data());
                }
                if (channel instanceof FileChannel onDisk) {
                    onDisk.force(true);
                }
            }
            move(temporary, absolute);
        } catch (IOException e) {
            throw new SafetensorsException(file, "cannot be written: " + e.getMessage() + "; nothing was kept", e);
        } finally {
            deleteQuietly(temporary);
        }
    }

    /// Opens the temporary file.
    @FunctionalInterface
    interface Output {
        WritableByteChannel open(Path path) throws IOException;
    }

    private static List<Map.Entry<String, Tensor>> ordered(String file, Map<String, Tensor> tensors) {
        tensors.forEach((name, tensor) -> {
            if (tensor.dtype() == DType.I4 || tensor.dtype() == DType.U4) {
                throw SafetensorsException.of(
                        file, name, tensor.dtype() + " is no safetensors type; store packed nibbles as U8");
            }
            if (name.equals("__metadata__")
                    || !StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
                throw SafetensorsException.of(file, name, "this cannot be the name of a tensor");
            }
        });
        return tensors.entrySet().stream()
                .sorted(Comparator.comparingInt((Map.Entry<String, Tensor> e) ->
                                -e.getValue().dtype().bits())
                        .thenComparing(Map.Entry::getKey))
                .toList();
    }

    private static byte[] header(String file, List<Map.Entry<String, Tensor>> ordered, Map<String, String> metadata) {
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
            long offset = 0;
            for (Map.Entry<String, Tensor> entry : ordered) {
                offset = writeEntry(generator, entry.getKey(), entry.getValue(), offset);
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

    private static long writeEntry(JsonGenerator generator, String name, Tensor tensor, long offset)
            throws IOException {
        long end = offset + tensor.data().byteSize();
        generator.writeObjectFieldStart(name);
        generator.writeStringField("dtype", tensor.dtype().name());
        generator.writeFieldName("shape");
        generator.writeArray(tensor.shape().toArray(), 0, tensor.shape().rank());
        generator.writeFieldName("data_offsets");
        generator.writeArray(new long[] {offset, end}, 0, 2);
        generator.writeEndObject();
        return end;
    }

    private static long dataBytes(List<Map.Entry<String, Tensor>> ordered) {
        return ordered.stream().mapToLong(e -> e.getValue().data().byteSize()).sum();
    }

    private static void requireSpace(String file, Path folder, long neededBytes) throws IOException {
        long usable = Files.getFileStore(folder).getUsableSpace();
        if (usable < neededBytes) {
            throw new SafetensorsException(
                    file, "needs " + neededBytes + " bytes, only " + usable + " are free; nothing was written");
        }
    }

    private static void writeFully(WritableByteChannel channel, MemorySegment data) throws IOException {
        for (long begin = 0; begin < data.byteSize(); begin += PIECE_BYTES) {
            long length = Math.min(PIECE_BYTES, data.byteSize() - begin);
            writeFully(channel, data.asSlice(begin, length).asByteBuffer());
        }
    }

    private static void writeFully(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void move(Path temporary, Path target) throws IOException {
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void deleteQuietly(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            System.getLogger(SafetensorsWriter.class.getName())
                    .log(System.Logger.Level.WARNING, "temporary file " + temporary + " could not be removed", e);
        }
    }
}
