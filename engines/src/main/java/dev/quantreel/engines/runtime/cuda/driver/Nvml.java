package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// NVIDIA's management library, which comes with the driver: what a GPU has free, without opening a context on
/// it. Thread-safe; stays initialised until the process ends.
public final class Nvml {

    /// Name under which the driver installs the library.
    public static final String DEFAULT_LIBRARY = "libnvidia-ml.so.1";

    private static final int VERSION_BYTES = 80;

    private final NativeLibrary library;

    private Nvml(NativeLibrary library) {
        this.library = library;
    }

    /// Loads and initialises it.
    ///
    /// @param library file name or path
    /// @throws NativeLibraryException when it cannot be loaded or does not start
    public static Nvml open(String library) {
        Nvml nvml = new Nvml(NativeLibrary.open(library));
        nvml.check("nvmlInit_v2");
        return nvml;
    }

    /// The loaded library.
    public NativeLibrary library() {
        return library;
    }

    /// Version of the driver as its packages are numbered, for example `580.65.06`.
    public String driverVersion() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(VERSION_BYTES);
            check("nvmlSystemGetDriverVersion", text.address(), VERSION_BYTES);
            return text.getString(0);
        }
    }

    /// Memory of a board now.
    ///
    /// @param uuid as [CudaDevice#uuid] gives it
    public MemoryInfo memory(String uuid) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment device = arena.allocate(ValueLayout.JAVA_LONG);
            check("nvmlDeviceGetHandleByUUID", arena.allocateFrom(uuid).address(), device.address());
            // nvmlMemory_t: total, free, used.
            MemorySegment memory = arena.allocate(ValueLayout.JAVA_LONG, 3);
            check("nvmlDeviceGetMemoryInfo", device.get(ValueLayout.JAVA_LONG, 0), memory.address());
            return new MemoryInfo(
                    memory.getAtIndex(ValueLayout.JAVA_LONG, 1), memory.getAtIndex(ValueLayout.JAVA_LONG, 0));
        }
    }

    private void check(String function, long... arguments) {
        int code = (int) library.call(function, arguments);
        if (code != 0) {
            String text = library.has("nvmlErrorString")
                    ? NativeLibrary.text(library.call("nvmlErrorString", code))
                    : "error";
            throw new NativeLibraryException(library.name(), function + ": " + text + " (" + code + ")", false);
        }
    }
}
