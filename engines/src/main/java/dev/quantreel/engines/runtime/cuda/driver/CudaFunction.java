package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;

/// A kernel of a [CudaModule]; of use as long as its module is open. Thread-safe.
public final class CudaFunction {

    /// What a kernel may use without asking for more. The driver takes its static shared memory off 48 KiB, which is
    /// more of it than it looks where dynamic shared memory is aligned.
    private static final int SHARED_BYTES_WITHOUT_ASKING = 32 * 1024;

    private final CudaContext context;
    private final CudaModule module;
    private final String name;
    private final long handle;
    private int allowedSharedBytes = SHARED_BYTES_WITHOUT_ASKING;

    CudaFunction(CudaContext context, CudaModule module, String name, long handle) {
        this.context = context;
        this.module = module;
        this.name = name;
        this.handle = handle;
    }

    /// Name of the kernel in its source.
    public String name() {
        return name;
    }

    /// A property in the attribute's own unit.
    public int attribute(FunctionAttribute attribute) {
        return (int) context.longFrom(DriverFunction.cuFuncGetAttribute, attribute.number(), handle());
    }

    /// Blocks of this kernel that one multiprocessor runs at a time.
    public int blocksPerMultiprocessor(int threadsPerBlock, int sharedBytes) {
        allowShared(sharedBytes);
        return (int) context.longFrom(
                DriverFunction.cuOccupancyMaxActiveBlocksPerMultiprocessor, handle(), threadsPerBlock, sharedBytes);
    }

    /// Queues the kernel.
    ///
    /// @param sharedBytes dynamic shared memory; what needs asking for is asked for here
    /// @param arguments one for each parameter of the kernel, of the same type: nothing can check that
    /// @throws CudaException when the device cannot run it, naming the kernel and its shape
    public void launch(CudaStream stream, Dim3 grid, Dim3 block, int sharedBytes, KernelArguments arguments) {
        allowShared(sharedBytes);
        try (Arena arena = Arena.ofConfined()) {
            int code = context.run(
                    DriverFunction.cuLaunchKernel,
                    handle(),
                    grid.x(),
                    grid.y(),
                    grid.z(),
                    block.x(),
                    block.y(),
                    block.z(),
                    sharedBytes,
                    stream.handle(),
                    arguments.allocate(arena).address(),
                    0);
            if (code != 0) {
                throw context.driver()
                        .failure(DriverFunction.cuLaunchKernel, code)
                        .in("kernel %s, grid %d x %d x %d, block %d x %d x %d, %d bytes of shared memory"
                                .formatted(
                                        name,
                                        grid.x(),
                                        grid.y(),
                                        grid.z(),
                                        block.x(),
                                        block.y(),
                                        block.z(),
                                        sharedBytes));
            }
        }
    }

    private synchronized void allowShared(int sharedBytes) {
        if (sharedBytes > allowedSharedBytes) {
            int code = context.run(
                    DriverFunction.cuFuncSetAttribute,
                    handle(),
                    FunctionAttribute.MAX_DYNAMIC_SHARED_BYTES.number(),
                    sharedBytes);
            if (code != 0) {
                throw context.driver()
                        .failure(DriverFunction.cuFuncSetAttribute, code)
                        .in("kernel %s, %d bytes of shared memory; the GPU has %d for a block"
                                .formatted(
                                        name,
                                        sharedBytes,
                                        context.device().attribute(DeviceAttribute.MAX_SHARED_BYTES_PER_BLOCK_OPT_IN)));
            }
            allowedSharedBytes = sharedBytes;
        }
    }

    private long handle() {
        module.checkOpen();
        return handle;
    }

    @Override
    public String toString() {
        return name;
    }
}
