package dev.quantreel.engines.runtime.cuda.simulator;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaDriver;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A simulated GPU for one test: its driver, a context and the kernels. Closing puts the settings back.
///
/// ```java
/// try (HostSimulator gpu = HostSimulator.start()) {
///     CudaFunction kernel = gpu.kernels().function("rotate_quantize", "qr_rotate_quantize_f32");
/// ```
/// The simulator is one for the process: tests of one process must not run at the same time.
public final class HostSimulator implements AutoCloseable {

    private static final long DEFAULT_MEMORY_BYTES = 8L << 30;
    private static final String DEFAULT_NAME = "Quantreel host simulator";

    private final CudaDriver driver;
    private final CudaContext context;
    private final KernelLibrary kernels;

    private HostSimulator(CudaDriver driver) {
        this.driver = driver;
        this.context = driver.device(0).open();
        this.kernels = KernelLibrary.of(context, (unit, chip) -> new byte[] {1});
    }

    /// A simulated RTX 4090: compute capability 8.9, 8 GiB.
    ///
    /// @throws org.opentest4j.TestAbortedException where no C++ compiler is installed
    public static HostSimulator start() {
        return start(8, 9, DEFAULT_MEMORY_BYTES);
    }

    /// A simulated GPU of this compute capability and memory.
    public static HostSimulator start(int major, int minor, long memoryBytes) {
        CudaDriver driver = CudaDriver.open(SimulatorLibrary.path().toString());
        configure(driver, DEFAULT_NAME, major, minor, memoryBytes);
        return new HostSimulator(driver);
    }

    private static void configure(CudaDriver driver, String name, int major, int minor, long memoryBytes) {
        try (Arena arena = Arena.ofConfined()) {
            driver.library().call("sim_configure", arena.allocateFrom(name).address(), major, minor, memoryBytes);
        }
    }

    public CudaDriver driver() {
        return driver;
    }

    public CudaContext context() {
        return context;
    }

    public KernelLibrary kernels() {
        return kernels;
    }

    /// Runs threads in another order (0: their own): a kernel that lacks a barrier gives another result.
    public void threadOrder(int seed) {
        driver.library().call("sim_set_seed", seed);
    }

    /// Whether streams work as late as the rules allow: code that lacks a wait reads what is not there yet.
    public void lateStreams(boolean late) {
        driver.library().call("sim_set_lazy_streams", late ? 1 : 0);
    }

    /// Number of kernels that have run in this process.
    public long launches() {
        return driver.library().call("sim_launches");
    }

    /// Number of live device allocations of this process.
    public long liveAllocations() {
        return driver.library().call("sim_allocations");
    }

    /// What went wrong last, with kernel, block, thread and source line; the exception says it as well.
    public String lastError() {
        return MemorySegment.ofAddress(driver.library().call("sim_last_error"))
                .reinterpret(Long.MAX_VALUE)
                .getString(0);
    }

    @Override
    public void close() {
        threadOrder(0);
        lateStreams(false);
        kernels.close();
        context.close();
        configure(driver, DEFAULT_NAME, 8, 9, DEFAULT_MEMORY_BYTES);
    }
}
