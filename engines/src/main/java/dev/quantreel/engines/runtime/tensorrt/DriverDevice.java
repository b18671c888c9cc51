package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.CudaGraph;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.PinnedMemory;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/// A GPU through the driver. TensorRT uses the same (primary) context.
final class DriverDevice implements Device {

    private final CudaContext context;
    private final Chip chip;

    private DriverDevice(CudaContext context) {
        this.context = context;
        ComputeCapability capability = context.device().capability();
        this.chip = new Chip(context.device().name(), capability.major(), capability.minor());
    }

    /// Opens a GPU of this machine.
    ///
    /// @throws dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException when there is no driver
    /// @throws CudaException when there is no such GPU, or it does not open
    static Device open(int index) {
        return open(CudaDriver.DEFAULT_LIBRARY, index);
    }

    /// @param driver name or path of the driver's library
    static Device open(String driver, int index) {
        return new DriverDevice(CudaDriver.open(driver).device(index).open());
    }

    @Override
    public Chip chip() {
        return chip;
    }

    @Override
    public long totalBytes() {
        return context.device().totalMemoryBytes();
    }

    @Override
    public long freeBytes() {
        trim();
        return explained(context::memory).freeBytes();
    }

    @Override
    public void trim() {
        explain(context::trim);
    }

    @Override
    public Memory allocate(long bytes) {
        DeviceMemory memory = explained(() -> context.allocate(bytes));
        return new Memory() {
            @Override
            public long pointer() {
                return memory.pointer();
            }

            @Override
            public long bytes() {
                return memory.sizeBytes();
            }

            @Override
            public void close() {
                memory.close();
            }
        };
    }

    @Override
    public Pinned allocatePinned(long bytes) {
        PinnedMemory memory = explained(() -> context.allocatePinned(bytes));
        return new Pinned() {
            @Override
            public MemorySegment segment() {
                return memory.segment();
            }

            @Override
            public void close() {
                memory.close();
            }
        };
    }

    @Override
    public Stream newStream() {
        return new DriverStream(explained(context::newStream));
    }

    @Override
    public void makeCurrent() {
        context.makeCurrent();
    }

    @Override
    public void close() {
        context.close();
    }

    private static <T> T explained(Supplier<T> call) {
        try {
            return call.get();
        } catch (CudaException e) {
            throw new EngineException(TensorRtEngineProvider.ID, String.valueOf(e.getMessage()), e);
        }
    }

    private static void explain(Runnable call) {
        try {
            call.run();
        } catch (CudaException e) {
            throw new EngineException(TensorRtEngineProvider.ID, String.valueOf(e.getMessage()), e);
        }
    }

    /// Errors of kernels come to light at later calls.
    private record DriverStream(CudaStream stream) implements Stream {

        @Override
        public long handle() {
            return stream.handle();
        }

        @Override
        public void upload(long pointer, MemorySegment from) {
            explain(() -> stream.upload(new DeviceSpan(pointer, from.byteSize()), from));
        }

        @Override
        public void download(MemorySegment to, long pointer) {
            explain(() -> stream.download(to, new DeviceSpan(pointer, to.byteSize())));
        }

        @Override
        public Recording capture(Runnable work) {
            CudaGraph graph = explained(() -> stream.capture(work));
            return new Recording() {
                @Override
                public void launch() {
                    explain(() -> graph.launch(stream));
                }

                @Override
                public void close() {
                    graph.close();
                }
            };
        }

        @Override
        public boolean isIdle() {
            return explained(stream::isIdle);
        }

        @Override
        public void close() {
            stream.close();
        }
    }
}
