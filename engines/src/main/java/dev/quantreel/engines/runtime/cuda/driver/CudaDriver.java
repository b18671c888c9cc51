package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// The CUDA driver of this machine, initialised. Thread-safe; lives as long as the process.
///
/// A driver that is damaged can end the process while it starts: where that must not happen, ask
/// `dev.quantreel.engines.gpu` first, which looks in a process of its own.
public final class CudaDriver {

    /// Name under which the driver installs its library.
    public static final String DEFAULT_LIBRARY =
            System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows")
                    ? "nvcuda.dll"
                    : "libcuda.so.1";

    private final NativeLibrary library;
    private final AtomicReferenceArray<MemorySegment> addresses =
            new AtomicReferenceArray<>(DriverFunction.values().length);

    private CudaDriver(NativeLibrary library) {
        this.library = library;
    }

    /// Loads and initialises a driver.
    ///
    /// @param library file name or path, [#DEFAULT_LIBRARY] unless a simulator is meant
    /// @throws NativeLibraryException when there is none
    /// @throws CudaException when it refuses to start, for example with `CUDA_ERROR_NO_DEVICE`
    public static CudaDriver open(String library) {
        CudaDriver driver = new CudaDriver(NativeLibrary.open(library));
        driver.check(DriverFunction.cuInit, 0);
        return driver;
    }

    /// The loaded library.
    public NativeLibrary library() {
        return library;
    }

    /// Newest version of CUDA that the driver supports.
    public CudaVersion version() {
        return CudaVersion.of(intFrom(DriverFunction.cuDriverGetVersion));
    }

    /// Number of devices; those hidden by `CUDA_VISIBLE_DEVICES` are not counted.
    public int deviceCount() {
        return intFrom(DriverFunction.cuDeviceGetCount);
    }

    /// A device.
    ///
    /// @param index 0 to [#deviceCount] less one
    public CudaDevice device(int index) {
        int count = deviceCount();
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException("GPU " + index + " was asked for, the driver has " + count);
        }
        return new CudaDevice(this, index, intFrom(DriverFunction.cuDeviceGet, index));
    }

    /// Calls a function of the driver and returns its error code.
    int run(DriverFunction function, long... arguments) {
        MemorySegment address = addresses.get(function.ordinal());
        if (address == null) {
            address = library.function(function.name());
            addresses.set(function.ordinal(), address);
        }
        return (int) NativeCall.invoke(address, arguments);
    }

    /// Calls a function of the driver.
    ///
    /// @throws CudaException when it does not return `CUDA_SUCCESS`
    void check(DriverFunction function, long... arguments) {
        int code = run(function, arguments);
        if (code != 0) {
            throw failure(function, code);
        }
    }

    /// Calls a function whose first parameter is a pointer to the `int` that it writes.
    int intFrom(DriverFunction function, long... rest) {
        return (int) longFrom(function, rest);
    }

    /// Calls a function whose first parameter is a pointer to the number, handle or address that it writes.
    long longFrom(DriverFunction function, long... rest) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            long[] arguments = new long[rest.length + 1];
            arguments[0] = result.address();
            System.arraycopy(rest, 0, arguments, 1, rest.length);
            check(function, arguments);
            return result.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// What to throw for an error code, with the driver's own name and text of it.
    CudaException failure(DriverFunction function, int code) {
        String name = describe(DriverFunction.cuGetErrorName, code);
        String text = describe(DriverFunction.cuGetErrorString, code);
        return new CudaException(
                function.name(),
                code,
                name,
                function + ": " + name + " (" + code + ")" + (text.equals(name) ? "" : ": " + text));
    }

    private String describe(DriverFunction function, int code) {
        if (!library.has(function.name())) {
            return "CUDA error " + code;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            int outcome = run(function, code, result.address());
            long text = result.get(ValueLayout.JAVA_LONG, 0);
            return outcome != 0 || text == 0 ? "CUDA error " + code : NativeLibrary.text(text);
        }
    }
}
