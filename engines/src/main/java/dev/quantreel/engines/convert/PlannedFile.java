package dev.quantreel.engines.convert;

import dev.quantreel.engines.safetensors.SafetensorsHeader;
import dev.quantreel.engines.safetensors.SafetensorsPlan;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.LinkedHashSet;
import java.util.Set;

/// A planned file while its tensors come, each once, in any order. For one thread.
final class PlannedFile {

    private static final long PIECE_BYTES = 8L << 20;

    private final SafetensorsPlan plan;
    private final FileChannel channel;
    private final Set<String> missing;

    PlannedFile(SafetensorsPlan plan, FileChannel channel) {
        this.plan = plan;
        this.channel = channel;
        this.missing = new LinkedHashSet<>(plan.header().entries().keySet());
    }

    /// Writes a tensor to its place.
    ///
    /// @throws IllegalStateException when it is not what was planned, or came before
    /// @throws UncheckedIOException when it cannot be written
    void put(String name, Tensor tensor) {
        SafetensorsHeader.Entry entry = plan.header().entries().get(name);
        if (entry == null
                || entry.dtype() != tensor.dtype()
                || !entry.shape().equals(tensor.shape())
                || !missing.remove(name)) {
            throw new IllegalStateException(
                    "tensor " + name + " is " + tensor.dtype() + tensor.shape() + ", planned was " + entry);
        }
        long offset = plan.header().dataOffsetBytes() + entry.beginBytes();
        MemorySegment data = tensor.data();
        try {
            for (long begin = 0; begin < data.byteSize(); begin += PIECE_BYTES) {
                long length = Math.min(PIECE_BYTES, data.byteSize() - begin);
                write(data.asSlice(begin, length).asByteBuffer(), offset + begin);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(ByteBuffer bytes, long offset) throws IOException {
        long position = offset;
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
    }

    /// @throws IllegalStateException when tensors were planned and did not come
    void requireComplete() {
        if (!missing.isEmpty()) {
            throw new IllegalStateException(missing.size() + " planned tensors did not come, such as "
                    + missing.iterator().next());
        }
    }
}
