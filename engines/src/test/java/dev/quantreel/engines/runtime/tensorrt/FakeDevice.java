package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.EngineException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A GPU whose memory is the host's. Work of a stream runs on a thread of its own, in order, behind the caller's back.
final class FakeDevice implements Device {

    static final Chip CHIP = new Chip("NVIDIA H100 80GB HBM3", 9, 0);

    private static final Map<Long, FakeStream> STREAMS = new ConcurrentHashMap<>();
    private static final AtomicLong HANDLES = new AtomicLong(1);

    private final AtomicLong allocated = new AtomicLong();
    final AtomicInteger open = new AtomicInteger();
    long limitBytes = Long.MAX_VALUE;
    int trims;
    boolean isClosed;
    boolean refusesStreams;
    /// As behind a kernel that broke.
    boolean isLost;

    static FakeStream stream(long handle) {
        FakeStream stream = STREAMS.get(handle);
        if (stream == null) {
            throw new IllegalArgumentException("no stream " + handle);
        }
        return stream;
    }

    long allocatedBytes() {
        return allocated.get();
    }

    @Override
    public Chip chip() {
        return CHIP;
    }

    @Override
    public long totalBytes() {
        return 80L << 30;
    }

    @Override
    public long freeBytes() {
        return totalBytes() - allocated.get();
    }

    @Override
    public void trim() {
        trims++;
    }

    @Override
    public Memory allocate(long bytes) {
        if (allocated.addAndGet(bytes) > limitBytes) {
            allocated.addAndGet(-bytes);
            throw new EngineException("tensorrt", "CUDA_ERROR_OUT_OF_MEMORY: " + bytes + " bytes were asked for", null);
        }
        open.incrementAndGet();
        Arena arena = Arena.ofShared();
        MemorySegment segment = arena.allocate(bytes, 256).fill((byte) 0x5a);
        return new Memory() {
            @Override
            public long pointer() {
                return segment.address();
            }

            @Override
            public long bytes() {
                return bytes;
            }

            @Override
            public void close() {
                allocated.addAndGet(-bytes);
                open.decrementAndGet();
                arena.close();
            }
        };
    }

    @Override
    public Pinned allocatePinned(long bytes) {
        open.incrementAndGet();
        Arena arena = Arena.ofShared();
        MemorySegment segment = arena.allocate(bytes, 256);
        return new Pinned() {
            @Override
            public MemorySegment segment() {
                return segment;
            }

            @Override
            public void close() {
                open.decrementAndGet();
                arena.close();
            }
        };
    }

    @Override
    public Stream newStream() {
        if (refusesStreams) {
            throw new EngineException("tensorrt", "CUDA_ERROR_OUT_OF_MEMORY", null);
        }
        FakeStream stream = new FakeStream(HANDLES.getAndIncrement());
        STREAMS.put(stream.handle, stream);
        return stream;
    }

    @Override
    public void makeCurrent() {
        if (isLost) {
            throw new EngineException("tensorrt", "CUDA_ERROR_ILLEGAL_ADDRESS", null);
        }
    }

    @Override
    public void close() {
        isClosed = true;
    }

    /// Work in order.
    static final class FakeStream implements Stream {

        private final long handle;
        private final ExecutorService worker =
                Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
        private final AtomicInteger pending = new AtomicInteger();
        private volatile @Nullable RuntimeException failure;
        private @Nullable List<Runnable> captured;
        int queued;
        int launched;
        int captures;
        boolean refusesCapture;

        FakeStream(long handle) {
            this.handle = handle;
        }

        /// What a library queues.
        void queue(Runnable work) {
            List<Runnable> recording = captured;
            if (recording != null) {
                recording.add(work);
                return;
            }
            queued++;
            submit(work);
        }

        private void submit(Runnable work) {
            pending.incrementAndGet();
            worker.execute(() -> {
                try {
                    work.run();
                } catch (RuntimeException e) {
                    failure = e;
                } finally {
                    pending.decrementAndGet();
                }
            });
        }

        @Override
        public long handle() {
            return handle;
        }

        @Override
        public void upload(long pointer, MemorySegment from) {
            submit(() -> MemorySegment.ofAddress(pointer)
                    .reinterpret(from.byteSize())
                    .copyFrom(from));
        }

        @Override
        public void download(MemorySegment to, long pointer) {
            submit(() -> to.copyFrom(MemorySegment.ofAddress(pointer).reinterpret(to.byteSize())));
        }

        @Override
        public Recording capture(Runnable work) {
            if (refusesCapture) {
                throw new EngineException(
                        "tensorrt", "cuStreamEndCapture: CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", null);
            }
            List<Runnable> recording = new ArrayList<>();
            captured = recording;
            try {
                work.run();
            } finally {
                captured = null;
            }
            captures++;
            return new Recording() {
                @Override
                public void launch() {
                    launched++;
                    recording.forEach(FakeStream.this::submit);
                }

                @Override
                public void close() {}
            };
        }

        @Override
        public boolean isIdle() {
            RuntimeException failed = failure;
            if (pending.get() == 0 && failed != null) {
                failure = null;
                throw new EngineException("tensorrt", String.valueOf(failed.getMessage()), failed);
            }
            return pending.get() == 0;
        }

        @Override
        public void close() {
            worker.shutdown();
            STREAMS.remove(handle);
        }
    }
}
