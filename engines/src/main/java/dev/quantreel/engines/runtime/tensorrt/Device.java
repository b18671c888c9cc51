package dev.quantreel.engines.runtime.tensorrt;

import java.lang.foreign.MemorySegment;

/// The GPU as sessions use it: the seam in front of [dev.quantreel.engines.runtime.cuda.driver].
interface Device extends AutoCloseable {

    Chip chip();

    /// Memory of the card.
    long totalBytes();

    /// Memory that others can still have. What we freed is given back first.
    long freeBytes();

    /// Gives back what we freed, so that libraries and processes beside us can have it.
    void trim();

    /// Device memory, at multiples of 256 bytes.
    ///
    /// @throws dev.quantreel.engines.runtime.EngineException when there is not enough; says how much is free
    Memory allocate(long bytes);

    /// Host memory that copies to and from the GPU directly.
    Pinned allocatePinned(long bytes);

    Stream newStream();

    /// Makes the device current on the calling thread, as libraries beside us expect it.
    void makeCurrent();

    @Override
    void close();

    /// Memory on the device.
    interface Memory extends AutoCloseable {
        long pointer();

        long bytes();

        @Override
        void close();
    }

    /// Memory on the host.
    interface Pinned extends AutoCloseable {
        MemorySegment segment();

        @Override
        void close();
    }

    /// A queue of work.
    interface Stream extends AutoCloseable {

        /// `cudaStream_t`.
        long handle();

        void upload(long pointer, MemorySegment from);

        void download(MemorySegment to, long pointer);

        /// Records what is queued meanwhile, without running it.
        Recording capture(Runnable work);

        /// Whether everything queued is done.
        boolean isIdle();

        @Override
        void close();
    }

    /// Recorded work.
    interface Recording extends AutoCloseable {

        void launch();

        @Override
        void close();
    }
}
