package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/// Compiled kernels on a GPU. Functions of a closed module must not be launched; work that uses them must be
/// done.
public final class CudaModule implements AutoCloseable {

    /// `CU_JIT_ERROR_LOG_BUFFER`, a pointer.
    private static final int JIT_ERROR_LOG = 5;

    /// `CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES`, a number in the place of the pointer.
    private static final int JIT_ERROR_LOG_BYTES = 6;

    private static final int LOG_BYTES = 8192;

    private final CudaContext context;
    private final long handle;
    private boolean closed;

    private CudaModule(CudaContext context, long handle) {
        this.context = context;
        this.handle = handle;
    }

    static CudaModule load(CudaContext context, byte[] image) {
        try (Arena arena = Arena.ofConfined()) {
            // PTX is text and ends with a zero byte; behind the machine code of a fatbin one more does no harm.
            MemorySegment memory = arena.allocate(image.length + 1L, 16);
            MemorySegment.copy(image, 0, memory, ValueLayout.JAVA_BYTE, 0, image.length);
            try {
                return new CudaModule(context, context.longFrom(DriverFunction.cuModuleLoadData, memory.address()));
            } catch (CudaException e) {
                String log = log(context, memory, arena);
                throw e.in("module of " + image.length + " bytes for "
                        + context.device().capability().architecture()
                        + (log.isBlank() ? "" : ", the driver's compiler says: " + log.strip()));
            }
        }
    }

    /// What the driver's compiler has to say of an image that was refused.
    private static String log(CudaContext context, MemorySegment image, Arena arena) {
        if (!context.driver().library().has(DriverFunction.cuModuleLoadDataEx.name())) {
            return "";
        }
        MemorySegment log = arena.allocate(LOG_BYTES);
        MemorySegment options = arena.allocateFrom(ValueLayout.JAVA_INT, JIT_ERROR_LOG, JIT_ERROR_LOG_BYTES);
        MemorySegment values = arena.allocateFrom(ValueLayout.JAVA_LONG, log.address(), LOG_BYTES - 1L);
        MemorySegment module = arena.allocate(ValueLayout.JAVA_LONG);
        int code = context.run(
                DriverFunction.cuModuleLoadDataEx,
                module.address(),
                image.address(),
                2,
                options.address(),
                values.address());
        if (code == 0) {
            context.check(DriverFunction.cuModuleUnload, module.get(ValueLayout.JAVA_LONG, 0));
        }
        return log.getString(0, StandardCharsets.UTF_8);
    }

    /// A kernel by its name; `extern "C"` keeps a name as it is written.
    ///
    /// @throws CudaException when the module has no such kernel, naming it
    public CudaFunction function(String name) {
        checkOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            return new CudaFunction(
                    context, this, name, context.longFrom(DriverFunction.cuModuleGetFunction, handle, text.address()));
        } catch (CudaException e) {
            throw e.in("kernel " + name);
        }
    }

    /// Memory of a `__device__` or `__constant__` variable.
    ///
    /// @throws CudaException when the module has no such variable, naming it
    public DeviceSpan global(String name) {
        checkOpen();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG, 2);
            context.check(
                    DriverFunction.cuModuleGetGlobal_v2,
                    result.address(),
                    result.address() + Long.BYTES,
                    handle,
                    arena.allocateFrom(name).address());
            return new DeviceSpan(
                    result.getAtIndex(ValueLayout.JAVA_LONG, 0), result.getAtIndex(ValueLayout.JAVA_LONG, 1));
        } catch (CudaException e) {
            throw e.in("variable " + name);
        }
    }

    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this module is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (!context.isGone()) {
                context.check(DriverFunction.cuModuleUnload, handle);
            }
        }
    }
}
