package dev.quantreel.engines.safetensors;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;

/// Writes a checkpoint: to a temporary file beside the target, flushed, then moved over it, so that the target is
/// always either the old file or the whole new one; on failure the temporary file is removed.
///
/// Bytes depend on the content alone, see [SafetensorsPlan].
public final class SafetensorsWriter {

    private static final long PIECE_BYTES = 8L << 20;

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

    /// Writes a file whose tensors are produced while it is written, in any order.
    ///
    /// @param plan what the file will hold
    /// @param content fills the data; what it leaves out is a hole of zeros that takes no room on the disk
    /// @throws SafetensorsException when it cannot be written; the target is as it was
    public static void write(Path target, SafetensorsPlan plan, Content content) {
        write(target, plan, content, plan.fileBytes());
    }

    /// Writes a file that has its header and its size, and zeros that take no room on the disk for tensors: enough for
    /// everything that asks for names, types and shapes only.
    ///
    /// @throws SafetensorsException as [#write(Path, SafetensorsPlan, Content)]
    public static void writeSparse(Path target, SafetensorsPlan plan) {
        write(target, plan, channel -> {}, plan.header().dataOffsetBytes());
    }

    private static void write(Path target, SafetensorsPlan plan, Content content, long neededBytes) {
        Output sparse = path -> FileChannel.open(
                path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE);
        write(target, neededBytes, sparse, channel -> {
            writeFully(channel, plan.headerBytes());
            if (channel instanceof FileChannel file) {
                content.write(file);
                if (file.size() < plan.fileBytes()) {
                    file.write(ByteBuffer.allocate(1), plan.fileBytes() - 1);
                }
            }
        });
    }

    /// Fills the data of a planned file by positioned writes from as many threads as it likes.
    @FunctionalInterface
    public interface Content {
        /// @param file open for writing; positions are those of the file, the header is already there
        void write(FileChannel file) throws IOException;
    }

    /// As [#write(Path, Map, Map)], with the channel opened by `output`: the place where tests put a full disk.
    static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata, Output output) {
        Map<String, SafetensorsPlan.Type> types = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> types.put(name, new SafetensorsPlan.Type(tensor.dtype(), tensor.shape())));
        SafetensorsPlan plan = SafetensorsPlan.of(target.toString(), types, metadata);
        write(target, plan.fileBytes(), output, channel -> {
            writeFully(channel, plan.headerBytes());
            for (String name : plan.header().entries().keySet()) {
                writeFully(channel, Objects.requireNonNull(tensors.get(name)).data());
            }
        });
    }

    private static void write(Path target, long neededBytes, Output output, Sequence sequence) {
        String file = target.toString();
        Path absolute = target.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder == null) {
            throw new SafetensorsException(file, "is not a file name");
        }
        Path temporary = folder.resolve("." + absolute.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(folder);
            requireSpace(file, folder, neededBytes);
            try (WritableByteChannel channel = output.open(temporary)) {
                sequence.write(channel);
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

    /// What goes into the temporary file.
    @FunctionalInterface
    private interface Sequence {
        void write(WritableByteChannel channel) throws IOException;
    }

    /// Opens the temporary file.
    @FunctionalInterface
    interface Output {
        WritableByteChannel open(Path path) throws IOException;
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
