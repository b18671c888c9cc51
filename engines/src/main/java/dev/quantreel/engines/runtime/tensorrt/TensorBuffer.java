package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// An input or output of a session: memory on the host that copies run through, and on the device unless the engine
/// reads it on the host. Grows, never shrinks, so that addresses last and recorded runs stay valid.
final class TensorBuffer implements AutoCloseable {

    private final Device device;
    private final boolean onHost;
    private Device.@Nullable Memory memory;
    private Device.@Nullable Pinned staging;

    TensorBuffer(Device device, boolean onHost) {
        this.device = device;
        this.onHost = onHost;
    }

    /// Makes room; there is none at all when it throws.
    ///
    /// @return whether the address changed
    boolean reserve(long bytes) {
        Device.Pinned held = staging;
        if (held != null && held.segment().byteSize() >= bytes) {
            return false;
        }
        close();
        // Empty tensors have an address, too.
        long size = Math.max(bytes, 16);
        try {
            memory = onHost ? null : device.allocate(size);
            staging = device.allocatePinned(size);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        return true;
    }

    /// What the engine is told.
    long address() {
        Device.Memory held = memory;
        return held == null ? staging().address() : held.pointer();
    }

    /// Brings a tensor over.
    ///
    /// @return whether values changed that the engine reads on the host
    boolean upload(Tensor tensor, Device.Stream stream) {
        MemorySegment target = staging().asSlice(0, tensor.data().byteSize());
        Device.Memory held = memory;
        if (held == null) {
            boolean changed = target.mismatch(tensor.data()) >= 0;
            target.copyFrom(tensor.data());
            return changed;
        }
        target.copyFrom(tensor.data());
        if (target.byteSize() > 0) {
            stream.upload(held.pointer(), target);
        }
        return false;
    }

    /// Queues the way back; [#read] has it when the stream is idle.
    void download(long bytes, Device.Stream stream) {
        Device.Memory held = memory;
        if (held != null && bytes > 0) {
            stream.download(staging().asSlice(0, bytes), held.pointer());
        }
    }

    void read(Tensor into) {
        into.data().copyFrom(staging().asSlice(0, into.data().byteSize()));
    }

    private MemorySegment staging() {
        Device.Pinned held = staging;
        if (held == null) {
            throw new IllegalStateException("nothing was reserved");
        }
        return held.segment();
    }

    @Override
    public void close() {
        Device.Memory onDevice = memory;
        Device.Pinned pinned = staging;
        memory = null;
        staging = null;
        Closing.inOrder(
                () -> {
                    if (onDevice != null) {
                        onDevice.close();
                    }
                },
                () -> {
                    if (pinned != null) {
                        pinned.close();
                    }
                });
    }
}
