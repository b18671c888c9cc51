package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Results that stay on the device when the arena they were made in is used again, in memory of their own as
/// long as there is plenty of it, else on the host. Those that nobody can reach any more are forgotten. Touched
/// by whoever has the device's turn.
final class Residents {

    /// Of the memory that can be had, the part that one result may take.
    private static final int SHARE = 4;

    private final ReferenceQueue<Resident> unreachable = new ReferenceQueue<>();
    private final Set<Moved> moved = new LinkedHashSet<>();

    /// The memory of a result that left its arena; outlives the result until that is found unreachable.
    final class Moved extends WeakReference<Resident> {
        private final DeviceMemory memory;

        private Moved(Resident resident, DeviceMemory memory) {
            super(resident, unreachable);
            this.memory = memory;
        }

        DeviceSpan span() {
            return memory.span();
        }

        void close(MemoryBudget budget) {
            if (moved.remove(this)) {
                budget.free(memory);
            }
        }
    }

    /// A tensor of the host in memory of its own on the device; the same one where there is not plenty of that.
    Tensor place(CudaDeviceState device, Tensor tensor) {
        Resident resident = new Resident(device, tensor.dtype(), tensor.shape(), null);
        forgetUnreachable(device.budget());
        Moved own = own(device, resident);
        if (own == null) {
            return tensor;
        }
        try {
            device.staging().upload(own.span(), tensor.data());
            device.compute().synchronize();
        } catch (RuntimeException e) {
            own.close(device.budget());
            throw e;
        }
        resident.leaveArena(own);
        return resident.tensor();
    }

    /// Takes what a session left in its arena out of it, before the arena is used again.
    void leaveArena(CudaDeviceState device, List<WeakReference<Resident>> results) {
        forgetUnreachable(device.budget());
        for (WeakReference<Resident> reference : results) {
            Resident resident = reference.get();
            DeviceSpan from = resident == null ? null : resident.span();
            if (resident == null || from == null || device.loss().isPresent()) {
                continue;
            }
            Moved own = own(device, resident);
            if (own == null) {
                resident.onHost();
            } else {
                device.compute().copy(own.span(), from);
                // Its memory may be given back by a stream that knows nothing of this copy.
                device.compute().synchronize();
            }
            resident.leaveArena(own);
        }
    }

    /// Memory for a result; null where it would take too much of what there is.
    private @Nullable Moved own(CudaDeviceState device, Resident resident) {
        if (resident.bytes() > device.budget().availableBytes() / SHARE) {
            return null;
        }
        try {
            Moved own =
                    new Moved(resident, device.budget().allocate(resident.bytes(), "a result that is still wanted"));
            moved.add(own);
            return own;
        } catch (OutOfDeviceMemoryException e) {
            CudaEngine.LOG.log(System.Logger.Level.DEBUG, "a result goes to the host", e);
            return null;
        }
    }

    /// Gives the memory of all of them back to the device; those that can still be reached go to the host.
    ///
    /// @return how many bytes became free
    long toHost(CudaDeviceState device) {
        forgetUnreachable(device.budget());
        long bytes = 0;
        for (Moved each : List.copyOf(moved)) {
            Resident resident = each.get();
            bytes += each.memory.sizeBytes();
            if (resident == null) {
                each.close(device.budget());
            } else {
                if (device.loss().isEmpty()) {
                    resident.onHost();
                }
                resident.leaveDevice();
            }
        }
        return bytes;
    }

    /// What they take of the device.
    long bytes() {
        return moved.stream().mapToLong(each -> each.memory.sizeBytes()).sum();
    }

    private void forgetUnreachable(MemoryBudget budget) {
        for (Reference<?> gone = unreachable.poll(); gone != null; gone = unreachable.poll()) {
            ((Moved) gone).close(budget);
        }
    }
}
