package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.UUID;

/// A GPU as the driver describes it. Asking needs no context.
public final class CudaDevice {

    private static final int NAME_BYTES = 256;

    /// A UUID is written from its first byte on.
    private static final ValueLayout.OfLong BIG_ENDIAN = ValueLayout.JAVA_LONG.withOrder(ByteOrder.BIG_ENDIAN);

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

    /// Name of this very board, as `nvidia-smi -L` prints it: `GPU-` and a UUID; empty where the driver tells
    /// none.
    public Optional<String> uuid() {
        if (!driver.library().has(DriverFunction.cuDeviceGetUuid_v2.name())) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(2L * Long.BYTES, Long.BYTES);
            driver.check(DriverFunction.cuDeviceGetUuid_v2, bytes.address(), handle);
            return Optional.of("GPU-" + new UUID(bytes.get(BIG_ENDIAN, 0), bytes.get(BIG_ENDIAN, Long.BYTES)));
        }
    }

    /// Opens the device's primary context, which all users of the process share.
    ///
    /// @throws CudaException when the device is taken by another process exclusively, or has no memory left for
    ///     a context
    public CudaContext open() {
        return new CudaContext(this);
    }

    /// Whether somebody in this process uses the device's primary context now; asking makes none.
    public boolean isContextActive() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_INT, 2);
            driver.check(
                    DriverFunction.cuDevicePrimaryCtxGetState,
                    handle,
                    values.address(),
                    values.address() + Integer.BYTES);
            return values.getAtIndex(ValueLayout.JAVA_INT, 1) != 0;
        }
    }

    @Override
    public String toString() {
        return "GPU " + index + " (" + name() + ")";
    }
}
