package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// A GPU as the driver describes it. Asking needs no context.
public final class CudaDevice {

    private static final int NAME_BYTES = 256;

    private final CudaDriver driver;
    private final int index;
    private final int handle;

    CudaDevice(CudaDriver driver, int index, int handle) {
        this.driver = driver;
        this.index = index;
        this.handle = handle;
    }

    CudaDriver driver() {
        return driver;
    }

    int handle() {
        return handle;
    }

    /// Position in the driver's list, from 0.
    public int index() {
        return index;
    }

    /// Marketing name, for example `NVIDIA H100 80GB HBM3`.
    public String name() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocate(NAME_BYTES);
            driver.check(DriverFunction.cuDeviceGetName, name.address(), NAME_BYTES, handle);
            return name.getString(0);
        }
    }

    /// Generation of the chip.
    public ComputeCapability capability() {
        return new ComputeCapability(
                attribute(DeviceAttribute.COMPUTE_CAPABILITY_MAJOR),
                attribute(DeviceAttribute.COMPUTE_CAPABILITY_MINOR));
    }

    /// Memory of the device, in bytes.
    public long totalMemoryBytes() {
        return driver.longFrom(DriverFunction.cuDeviceTotalMem_v2, handle);
    }

    /// A property in the attribute's own unit.
    public int attribute(DeviceAttribute attribute) {
        return driver.intFrom(DriverFunction.cuDeviceGetAttribute, attribute.number(), handle);
    }

    /// Opens the device's primary context, which all users of the process share.
    ///
    /// @throws CudaException when the device is taken by another process exclusively, or has no memory left for
    ///     a context
    public CudaContext open() {
        return new CudaContext(this);
    }

    @Override
    public String toString() {
        return "GPU " + index + " (" + name() + ")";
    }
}
