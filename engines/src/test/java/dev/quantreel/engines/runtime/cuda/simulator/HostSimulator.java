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
    private final long earlierAllocations;

    private HostSimulator(CudaDriver driver) {
        this.driver = driver;
        this.earlierAllocations = driver.library().call("sim_allocations");
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

    /// Number of live device allocations beyond those that others had left when this one was started: where a
    /// context was lost on purpose, nothing is freed.
    public long liveAllocations() {
        return driver.library().call("sim_allocations") - earlierAllocations;
    }

    /// Bytes that copies have moved so far.
    ///
    /// @param up from the host to the device
    /// @param down from the device to the host
    /// @param within the device
    public record Copied(long up, long down, long within) {

        /// What has come to these since.
        public Copied since(Copied before) {
            return new Copied(up - before.up, down - before.down, within - before.within);
        }
    }

    public Copied copied() {
        return new Copied(copied(0), copied(1), copied(2));
    }

    private long copied(int direction) {
        return driver.library().call("sim_copied", direction);
    }

    /// Number of recorded graphs that were launched in this process.
    public long graphLaunches() {
        return driver.library().call("sim_graph_launches");
    }

    /// Bytes of the host that are pinned now.
    public long pinnedBytes() {
        return driver.library().call("sim_pinned_bytes");
    }

    /// Lets the host pin no more than this.
    public void limitPinned(long bytes) {
        driver.library().call("sim_set_pinned_limit", bytes);
    }

    /// Loses the context as a fault of a kernel does: all further calls fail with this code.
    public void loseContext(int code) {
        driver.library().call("sim_lose_context", code);
    }

    /// What went wrong last, with kernel, block, thread and source line; the exception says it as well.
    public String lastError() {
        return MemorySegment.ofAddress(driver.library().call("sim_last_error"))
                .reinterpret(Long.MAX_VALUE)
                .getString(0);
    }

    @Override
    public void close() {
        driver.library().call("sim_lose_context", 0);
        threadOrder(0);
        lateStreams(false);
        kernels.close();
        context.close();
        configure(driver, DEFAULT_NAME, 8, 9, DEFAULT_MEMORY_BYTES);
    }
}
