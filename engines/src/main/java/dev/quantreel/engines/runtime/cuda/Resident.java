package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Residence;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A result of a run that stays on the device: at first where the run left it, in the arena of its session, and
/// from the session's next run on in memory of its own or on the host ([Residents]). Thread-safe by the
/// device's turn.
///
/// A tensor asks for its elements with a lock of its own held, and then takes the turn: whoever has the turn
/// must not ask tensors.
final class Resident implements Residence {

    private final CudaDeviceState device;
    private final DType dtype;
    private final Shape shape;
    private @Nullable DeviceSpan span;
    private Residents.@Nullable Moved moved;
    private @Nullable MemorySegment host;

    /// @param span where the run left it; null for one that gets memory of its own
    Resident(CudaDeviceState device, DType dtype, Shape shape, @Nullable DeviceSpan span) {
        this.device = device;
        this.dtype = dtype;
        this.shape = shape;
        this.span = span;
    }

    Tensor tensor() {
        return Tensor.resident(dtype, shape, this);
    }

    long bytes() {
        return dtype.byteSize(shape.elements());
    }

    /// Whether it was made on this device.
    boolean isOn(CudaDeviceState other) {
        return device == other;
    }

    /// Where it is on the device; null where it no longer is.
    @Nullable
    DeviceSpan span() {
        Residents.Moved own = moved;
        return own == null ? span : own.span();
    }

    /// Queues a copy of it into an array of its size.
    void copyTo(DeviceSpan target) {
        DeviceSpan here = span();
        if (here != null) {
            device.compute().copy(target, here);
        } else {
            device.staging().upload(target, onHost());
        }
    }

    /// Its place in the arena is about to be used again: it is in memory of its own from now on, or not on the
    /// device.
    void leaveArena(Residents.@Nullable Moved own) {
        span = null;
        moved = own;
    }

    /// Copies it to the host, where it stays.
    MemorySegment onHost() {
        MemorySegment known = host;
        if (known != null) {
            return known;
        }
        DeviceSpan place = span();
        if (place == null) {
            throw new IllegalStateException("a result " + dtype + shape + " is read after it was given up");
        }
        MemorySegment made = Tensor.zeros(dtype, shape).data();
        device.staging().download(made, place);
        host = made;
        return made;
    }

    /// Gives memory on the device up.
    void leaveDevice() {
        span = null;
        Residents.Moved own = moved;
        if (own != null) {
            moved = null;
            own.close(device.budget());
        }
    }

    @Override
    public MemorySegment toHost() {
        device.turn().lock();
        try {
            MemorySegment data = onHost();
            leaveDevice();
            return data;
        } catch (CudaException e) {
            throw new EngineException(
                    CudaEngineProvider.ID, device.loss().orElseGet(() -> String.valueOf(e.getMessage())), e);
        } finally {
            device.turn().unlock();
        }
    }

    @Override
    public void discard() {
        device.turn().lock();
        try {
            leaveDevice();
        } finally {
            device.turn().unlock();
        }
    }
}
