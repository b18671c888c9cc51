package dev.quantreel.engines.tensor;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/// Tensors that are used seldom, moved from memory to a temporary file: what [Tensor#evict] can give back, and what the
/// system reads again when it is used. The file has no name any more once it is mapped and goes with its tensors, where
/// the system allows that; else at the end of the process.
public final class ScratchFile {

    private static final int ALIGNMENT = 64;

    /// Bytes that are copied at once.
    private static final long PIECE = 1 << 20;

    private ScratchFile() {}

    /// Copies of tensors, mapped read-only.
    ///
    /// @param folder on a disk with room; made if it is missing
    /// @throws IOException when the file cannot be written
    public static List<Tensor> of(List<Tensor> tensors, Path folder) throws IOException {
        Files.createDirectories(folder);
        Path path = Files.createTempFile(folder, "scratch-", ".bin");
        try (FileChannel channel = FileChannel.open(
                path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
            for (Tensor tensor : tensors) {
                channel.position(Math.ceilDiv(channel.size(), ALIGNMENT) * ALIGNMENT);
                for (long at = 0; at < tensor.data().byteSize(); at += PIECE) {
                    long bytes = Math.min(PIECE, tensor.data().byteSize() - at);
                    write(channel, tensor.data().asSlice(at, bytes).asByteBuffer());
                }
            }
            MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            List<Tensor> copies = new ArrayList<>();
            long offset = 0;
            for (Tensor tensor : tensors) {
                offset = Math.ceilDiv(offset, ALIGNMENT) * ALIGNMENT;
                long bytes = tensor.data().byteSize();
                copies.add(new Tensor(tensor.dtype(), tensor.shape(), mapped.asSlice(offset, bytes)));
                offset += bytes;
            }
            return List.copyOf(copies);
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
