package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Brings the weights of blocks that wait on the host to the device, each before its turn: while one block
/// runs, the next are copied on a stream of their own into the other slots. Not thread-safe.
///
/// Per run: [#begin], then [#enter] and [#leave] around every block in the order that was announced.
final class WeightStream implements AutoCloseable {

    /// The one that runs, the one that is there, the one that comes.
    static final int SLOTS = 3;

    private final DeviceWeights weights;
    private final CudaStream compute;
    private final CudaStream copies;
    private final MemoryBudget budget;
    private final List<Slot> slots = new ArrayList<>();
    private final Map<String, Slot> taken = new HashMap<>();
    private final Set<String> entered = new HashSet<>();
    private List<String> order = List.of();
    private int next;

    /// @param filled marks that a copy is there
    /// @param done marks that the block that read it is over
    private record Slot(DeviceMemory memory, CudaEvent filled, CudaEvent done) {}

    /// @param compute where the kernels run
    /// @param copies where the weights are copied
    WeightStream(DeviceWeights weights, CudaStream compute, CudaStream copies, MemoryBudget budget) {
        this.weights = weights;
        this.compute = compute;
        this.copies = copies;
        this.budget = budget;
    }

    /// Makes room for the largest block that waits on the host.
    ///
    /// @throws OutOfDeviceMemoryException when there is no room for two of them
    void open(CudaContext context) {
        long bytes = weights.largestOffloadedBytes();
        if (!slots.isEmpty() && slots.getFirst().memory.sizeBytes() >= bytes) {
            return;
        }
        close();
        while (bytes > 0 && slots.size() < SLOTS) {
            try {
                slots.add(slot(context, bytes));
            } catch (OutOfDeviceMemoryException e) {
                if (slots.size() < 2) {
                    close();
                    throw e;
                }
                return;
            }
        }
    }

    private Slot slot(CudaContext context, long bytes) {
        DeviceMemory memory = budget.allocate(bytes, "a place for the weights of one block at a time");
        try {
            CudaEvent filled = context.newMark();
            try {
                return new Slot(memory, filled, context.newMark());
            } catch (RuntimeException e) {
                filled.close();
                throw e;
            }
        } catch (RuntimeException e) {
            budget.free(memory);
            throw e;
        }
    }

    long slotBytes() {
        return slots.stream().mapToLong(slot -> slot.memory.sizeBytes()).sum();
    }

    /// Starts copying the first blocks of a run.
    ///
    /// @param blocks that the run passes, in order; those on the device are left alone
    void begin(List<String> blocks) {
        taken.clear();
        entered.clear();
        order = blocks.stream()
                .filter(block -> weights.has(block) && !weights.isOnDevice(block))
                .toList();
        next = 0;
        for (Slot slot : slots) {
            compute.record(slot.done);
            fetch(slot);
        }
    }

    /// Behind what read the slot before.
    private void fetch(Slot slot) {
        if (next < order.size()) {
            String block = order.get(next++);
            copies.waitFor(slot.done);
            copies.upload(slot.memory.slice(0, weights.bytes(block)), weights.onHost(block));
            copies.record(slot.filled);
            taken.put(block, slot);
        }
    }

    /// Lets the kernels that follow wait for the weights of a block.
    void enter(String block) {
        Slot slot = taken.get(block);
        if (slot != null && entered.add(block)) {
            compute.waitFor(slot.filled);
        }
    }

    /// Says that all kernels of a block are in the stream: its slot goes to the next one that has none.
    void leave(String block) {
        Slot slot = taken.remove(block);
        if (slot != null) {
            compute.record(slot.done);
            fetch(slot);
        }
    }

    /// The weights of a block whose turn it is, or that is always there. A block that a neighbour's node reads ahead
    /// of its turn is waited for here.
    ///
    /// @throws IllegalArgumentException when its turn is over, or too far ahead
    DeviceSpan weights(String block) {
        Slot slot = taken.get(block);
        if (slot == null && !weights.isOnDevice(block)) {
            throw new IllegalArgumentException("weights of " + block + " wait on the host: it is not their turn, which"
                    + " the setting offload=never does without");
        }
        enter(block);
        return slot == null ? weights.onDevice(block) : slot.memory.slice(0, weights.bytes(block));
    }

    @Override
    public void close() {
        if (!slots.isEmpty() && compute.context().lost().isEmpty()) {
            copies.synchronize();
        }
        for (Slot slot : slots) {
            slot.filled.close();
            slot.done.close();
            budget.free(slot.memory);
        }
        slots.clear();
    }
}
