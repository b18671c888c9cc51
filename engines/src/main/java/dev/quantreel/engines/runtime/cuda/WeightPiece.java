package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.PinnedMemory;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// The weights of one block, on the device or in pinned memory of the host, for all sessions that have these
/// weights. Touched by whoever has the device's turn.
final class WeightPiece {

    /// Where a weight begins.
    private static final int ALIGNMENT = 256;

    private final Layout layout;
    private final long bytes;
    private Home home;
    private int users = 1;

    /// What lies in a piece, in order. Names are not part of it: graphs of one model may call a weight
    /// differently.
    record Layout(String block, List<Part> parts) {

        static Layout of(String block, List<WeightSource> sources) {
            return new Layout(
                    block,
                    sources.stream()
                            .map(source -> new Part(source.dtype(), source.shape()))
                            .toList());
        }

        /// Offsets of the parts, and the end.
        long[] offsets() {
            long[] offsets = new long[parts.size() + 1];
            for (int i = 0; i < parts.size(); i++) {
                offsets[i + 1] = offsets[i] + Math.ceilDiv(parts.get(i).bytes(), ALIGNMENT) * ALIGNMENT;
            }
            return offsets;
        }

        long bytes() {
            return Math.max(ALIGNMENT, offsets()[parts.size()]);
        }
    }

    /// A weight.
    record Part(DType dtype, Shape shape) {
        long bytes() {
            return dtype.byteSize(shape.elements());
        }
    }

    /// Where a piece is.
    sealed interface Home {
        record OnDevice(DeviceMemory memory) implements Home {}

        record OnHost(PinnedMemory memory) implements Home {}
    }

    WeightPiece(Layout layout, Home home) {
        this.layout = layout;
        this.bytes = layout.bytes();
        this.home = home;
    }

    Layout layout() {
        return layout;
    }

    long bytes() {
        return bytes;
    }

    boolean isOnDevice() {
        return home instanceof Home.OnDevice;
    }

    /// @throws IllegalStateException when it is on the host
    DeviceSpan onDevice() {
        if (home instanceof Home.OnDevice(DeviceMemory memory)) {
            return memory.span();
        }
        throw new IllegalStateException("the weights of " + layout.block + " are on the host");
    }

    /// @throws IllegalStateException when it is on the device
    MemorySegment onHost() {
        if (home instanceof Home.OnHost(PinnedMemory memory)) {
            return memory.segment();
        }
        throw new IllegalStateException("the weights of " + layout.block + " are on the device");
    }

    /// Whether it has the bytes of these weights, which have its layout.
    boolean holds(List<WeightSource> sources, StagedCopies copies) {
        long[] offsets = layout.offsets();
        for (int i = 0; i < sources.size(); i++) {
            WeightSource source = sources.get(i);
            long offset = offsets[i];
            boolean same = source.read(data -> isOnDevice()
                    ? copies.isSame(onDevice().slice(offset, source.bytes()), data)
                    : onHost().asSlice(offset, source.bytes()).mismatch(data) == -1);
            if (!same) {
                return false;
            }
        }
        return true;
    }

    /// Moves it to pinned memory.
    void toHost(CudaDeviceState device) {
        if (home instanceof Home.OnDevice(DeviceMemory memory)) {
            PinnedMemory host = device.context().allocatePinned(bytes);
            try {
                device.copies().download(host.segment(), memory.span());
                device.copies().synchronize();
            } catch (RuntimeException e) {
                device.settle(e);
                host.close();
                throw e;
            }
            home = new Home.OnHost(host);
            device.budget().free(memory);
        }
    }

    /// Moves it to the device.
    ///
    /// @throws OutOfDeviceMemoryException when it does not fit
    void toDevice(CudaDeviceState device) {
        if (home instanceof Home.OnHost(PinnedMemory host)) {
            DeviceMemory memory = device.budget().allocate(bytes, what(layout.block));
            try {
                device.copies().upload(memory.span(), host.segment());
                device.copies().synchronize();
            } catch (RuntimeException e) {
                device.settle(e);
                device.budget().free(memory);
                throw e;
            }
            home = new Home.OnDevice(memory);
            host.close();
        }
    }

    static String what(String block) {
        return block.isEmpty() ? "weights outside of blocks" : "weights of " + block;
    }

    void use() {
        users++;
    }

    /// @return whether nobody uses it any more, after which it is gone
    boolean leave(MemoryBudget budget) {
        users--;
        if (users == 0) {
            switch (home) {
                case Home.OnDevice(DeviceMemory memory) -> budget.free(memory);
                case Home.OnHost(PinnedMemory memory) -> memory.close();
            }
        }
        return users == 0;
    }
}
