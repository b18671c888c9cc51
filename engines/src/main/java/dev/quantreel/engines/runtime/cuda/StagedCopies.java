package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.PinnedMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// Copies between the device and ordinary memory of the host through two pinned buffers: while the device
/// copies one, the host fills or empties the other. The driver's own way for ordinary memory has a fifth to a
/// half of that rate. The buffers are made when first needed; where the system pins none, ordinary ones take
/// their place. Not thread-safe.
final class StagedCopies implements AutoCloseable {

    /// Bytes of a buffer where nothing else is wanted.
    static final long CHUNK_BYTES = 16L << 20;

    private static final int BUFFERS = 2;

    /// Up to here the driver copies by itself: a pair of calls would take longer than the bytes.
    private static final long DIRECT_BYTES = 64L << 10;

    private final CudaContext context;
    private final CudaStream stream;
    private final long chunkBytes;
    private final Arena plain = Arena.ofShared();
    private final Deque<Buffer> buffers = new ArrayDeque<>();
    private boolean closed;

    /// @param passed marks the last copy out of or into it
    private record Buffer(MemorySegment memory, Optional<PinnedMemory> pinned, CudaEvent passed) {}

    /// A chunk on its way to the host.
    private record Coming(Buffer buffer, MemorySegment target) {}

    /// @param stream of the copies
    /// @param chunkBytes of each of the two buffers
    StagedCopies(CudaContext context, CudaStream stream, long chunkBytes) {
        this.context = context;
        this.stream = stream;
        this.chunkBytes = chunkBytes;
    }

    long chunkBytes() {
        return chunkBytes;
    }

    /// Queues a copy to the device. Returns when `source` has been read.
    ///
    /// @param source native or not, of the target's size
    void upload(DeviceSpan target, MemorySegment source) {
        if (target.sizeBytes() <= DIRECT_BYTES && source.isNative()) {
            if (target.sizeBytes() > 0) {
                stream.upload(target, source);
            }
            return;
        }
        for (DeviceSpan chunk : chunks(target)) {
            long from = chunk.pointer() - target.pointer();
            write(chunk, memory -> memory.copyFrom(source.asSlice(from, chunk.sizeBytes())));
        }
    }

    /// Queues a copy of what `writer` puts into memory of the target's size, at most a chunk.
    void write(DeviceSpan target, Consumer<MemorySegment> writer) {
        Buffer buffer = free();
        MemorySegment memory = buffer.memory.asSlice(0, target.sizeBytes());
        writer.accept(memory);
        stream.upload(target, memory);
        stream.record(buffer.passed);
    }

    /// Copies to the host behind what the stream has by now; returns when the bytes are there.
    void download(MemorySegment target, DeviceSpan source) {
        List<Coming> coming = new ArrayList<>();
        for (DeviceSpan chunk : chunks(source)) {
            if (coming.size() == BUFFERS) {
                arrive(coming.removeFirst());
            }
            Buffer buffer = free();
            stream.download(buffer.memory.asSlice(0, chunk.sizeBytes()), chunk);
            stream.record(buffer.passed);
            coming.add(new Coming(buffer, target.asSlice(chunk.pointer() - source.pointer(), chunk.sizeBytes())));
        }
        coming.forEach(StagedCopies::arrive);
    }

    private static void arrive(Coming chunk) {
        chunk.buffer.passed.synchronize();
        chunk.target.copyFrom(chunk.buffer.memory.asSlice(0, chunk.target.byteSize()));
    }

    /// Whether the device has these bytes.
    boolean isSame(DeviceSpan device, MemorySegment host) {
        for (DeviceSpan chunk : chunks(device)) {
            Buffer buffer = free();
            MemorySegment memory = buffer.memory.asSlice(0, chunk.sizeBytes());
            stream.download(memory, chunk);
            stream.record(buffer.passed);
            buffer.passed.synchronize();
            if (memory.mismatch(host.asSlice(chunk.pointer() - device.pointer(), chunk.sizeBytes())) != -1) {
                return false;
            }
        }
        return true;
    }

    private List<DeviceSpan> chunks(DeviceSpan span) {
        List<DeviceSpan> chunks = new ArrayList<>();
        for (long from = 0; from < span.sizeBytes(); from += chunkBytes) {
            chunks.add(span.slice(from, Math.min(chunkBytes, span.sizeBytes() - from)));
        }
        return chunks;
    }

    /// The buffer that was used longest ago, once its copy is done.
    private Buffer free() {
        if (buffers.size() < BUFFERS) {
            buffers.addFirst(buffer());
        }
        Buffer buffer = buffers.removeFirst();
        buffers.addLast(buffer);
        buffer.passed.synchronize();
        return buffer;
    }

    private Buffer buffer() {
        CudaEvent passed = context.newMark();
        try {
            PinnedMemory pinned = context.allocatePinned(chunkBytes);
            return new Buffer(pinned.segment(), Optional.of(pinned), passed);
        } catch (CudaException e) {
            if (e.contextLost()) {
                throw e;
            }
            CudaEngine.LOG.log(
                    System.Logger.Level.WARNING, () -> "copies go through ordinary memory: " + e.getMessage());
            return new Buffer(plain.allocate(chunkBytes, 64), Optional.empty(), passed);
        }
    }

    /// Waits for the copies.
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            for (Buffer buffer : buffers) {
                if (context.lost().isEmpty()) {
                    buffer.passed.synchronize();
                }
                buffer.passed.close();
                buffer.pinned.ifPresent(PinnedMemory::close);
            }
            plain.close();
        }
    }
}
