package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaEvent;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.plan.Buffer;
import dev.quantreel.engines.runtime.cuda.plan.View;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The memory of a session's runs: one arena that grows to the largest plan, and the weights beside it. Decides
/// before each run whether weights must go to the host. Not thread-safe.
final class RunMemory implements AutoCloseable {

    private static final String WHAT = "what a run makes";

    private final CudaDeviceState device;
    private final DeviceWeights weights;
    private final WeightStream stream;
    private final List<CudaEvent> marks = new ArrayList<>();
    private final List<WeakReference<Resident>> results = new ArrayList<>();
    private @Nullable DeviceMemory arena;
    private long seenMoves;
    private int roomyRuns;

    RunMemory(CudaDeviceState device, DeviceWeights weights) {
        this.device = device;
        this.weights = weights;
        this.stream = new WeightStream(weights, device.compute(), device.copies(), device.budget());
    }

    /// Marks that stay from run to run.
    List<CudaEvent> marks(int count) {
        while (marks.size() < count) {
            marks.add(device.context().newMark());
        }
        return marks;
    }

    /// Whether all that a stretch reads lies where it lay when it was recorded, as long as nothing is told to
    /// have moved.
    boolean isFixed(PlannedRun.Stretch stretch) {
        return stretch.weightBlocks(weights).stream().allMatch(weights::isOnDevice);
    }

    WeightStream stream() {
        return stream;
    }

    /// Makes room for a plan. With [Offload#AUTO] weights leave the device first where the arena and the places
    /// for blocks have no room beside them.
    ///
    /// @param moves told before anything moves that recorded launches know the address of
    /// @throws OutOfDeviceMemoryException when it does not fit
    void prepare(PlannedRun run, Runnable moves) {
        leaveResults();
        long wanted = Math.max(1, run.plan().arena().bytes());
        if (arenaBytes() < wanted) {
            moves.run();
            release();
        }
        if (device.settings().offload() == Offload.AUTO) {
            bringBack(wanted, run.missingBytes(), moves);
            makeRoom((arena == null ? wanted : 0) + run.missingBytes());
        }
        if (arena == null) {
            allocate(wanted);
        }
        withRoom(() -> run.open(device.kernels(), device.compute()));
        withRoom(() -> stream.open(device.context()));
        if (seenMoves != device.pieces().moves()) {
            seenMoves = device.pieces().moves();
            moves.run();
        }
    }

    /// A result that stays where the run left it.
    Tensor resident(PlannedRun run, View view) {
        Resident resident = new Resident(device, view.dtype(), view.shape(), address(run, view));
        results.add(new WeakReference<>(resident));
        return resident.tensor();
    }

    /// What the last run left in the arena goes out of it.
    private void leaveResults() {
        device.residents().leaveArena(device, results);
        results.clear();
    }

    /// Weights that wait on the host come back once two runs in a row leave room for them, with an arena that
    /// is no larger than what they want: bringing them back takes what a run with them on the host would have
    /// copied. Room of one block is left free, for what a device cannot give in one piece.
    private void bringBack(long wanted, long missing, Runnable moves) {
        if (weights.offloadedBytes() == 0) {
            return;
        }
        long room = device.budget().availableBytes() + arenaBytes() + stream.slotBytes() - wanted - missing;
        int blocks = weights.returnable(room - weights.largestBlockBytes());
        roomyRuns = blocks == 0 ? 0 : roomyRuns + 1;
        if (roomyRuns < 2) {
            return;
        }
        roomyRuns = 0;
        moves.run();
        release();
        stream.close();
        device.context().defaultStream().synchronize();
        allocate(wanted);
        try {
            weights.comeBack(blocks);
        } catch (OutOfDeviceMemoryException e) {
            CudaEngine.LOG.log(System.Logger.Level.DEBUG, "weights stay on the host after all", e);
        }
    }

    private void allocate(long bytes) {
        withRoom(() -> arena = device.budget().allocate(bytes, WHAT));
    }

    /// Results that are kept for others make room for what a run cannot do without.
    private void withRoom(Runnable allocation) {
        try {
            allocation.run();
        } catch (OutOfDeviceMemoryException e) {
            if (device.residents().toHost(device) == 0) {
                throw e;
            }
            allocation.run();
        }
    }

    private void makeRoom(long wanted) {
        if (wanted == 0 && stream.slotBytes() >= slotsWanted()) {
            return;
        }
        long missing =
                wanted + slotsWanted() - stream.slotBytes() - device.budget().availableBytes();
        if (missing > 0 && weights.offloadedBytes() == 0) {
            missing += WeightStream.SLOTS * weights.largestBlockBytes();
        }
        if (missing > 0) {
            missing -= device.residents().toHost(device);
        }
        if (missing > 0) {
            weights.offload(missing);
        }
    }

    private long slotsWanted() {
        return WeightStream.SLOTS * weights.largestOffloadedBytes();
    }

    /// After memory ran out in spite of the plan: sends weights to the host to make up for what was missing.
    ///
    /// @return false when there is nothing left to send
    boolean shrink(OutOfDeviceMemoryException cause) {
        release();
        stream.close();
        long missing = cause.askedBytes() - Math.max(0, cause.availableBytes());
        return weights.offload(Math.max(1, missing) + WeightStream.SLOTS * weights.largestBlockBytes()) > 0;
    }

    /// What would help, in words.
    String advice() {
        String smaller = "a smaller size or fewer frames need less";
        if (weights.offloadedBytes() > 0 || weights.largestBlockBytes() == 0) {
            return smaller;
        }
        long least = device.budget().heldBytes() - weights.residentBytes() + 2 * weights.largestBlockBytes();
        return smaller + "; the setting offload=auto lets weights of blocks wait on the host ("
                + MemoryBudget.megabytes(weights.residentBytes()) + " are on the GPU now, "
                + MemoryBudget.megabytes(Math.max(0, least))
                + " would be left), retry=true does so when memory runs out";
    }

    /// Where an array lies in this run.
    DeviceSpan address(PlannedRun run, View view) {
        Buffer buffer = view.buffer();
        DeviceSpan whole =
                switch (buffer.kind()) {
                    case ARENA -> arena().slice(offsetInArena(run, buffer), buffer.bytes());
                    case CONSTANT -> run.constants().slice(run.offset(buffer), buffer.bytes());
                    case WEIGHT -> {
                        DeviceWeights.Place place = weights.place(buffer);
                        yield stream.weights(place.block()).slice(place.offsetBytes(), buffer.bytes());
                    }
                };
        return whole.slice(view.offsetBytes(), view.bytes());
    }

    private static long offsetInArena(PlannedRun run, Buffer buffer) {
        return Objects.requireNonNull(run.plan().arena().offsets().get(buffer), buffer::toString);
    }

    private DeviceMemory arena() {
        return Objects.requireNonNull(arena, "no run was prepared");
    }

    private long arenaBytes() {
        return arena == null ? 0 : arena.sizeBytes();
    }

    /// Afterwards the device's free memory is what it says: freeing is done in the order of the default stream.
    private void release() {
        if (arena != null) {
            DeviceMemory gone = arena;
            arena = null;
            if (device.context().lost().isEmpty()) {
                device.compute().synchronize();
            }
            device.budget().free(gone);
            if (device.context().lost().isEmpty()) {
                device.context().defaultStream().synchronize();
            }
        }
    }

    SessionMemory report(long constantBytes) {
        return new SessionMemory(
                weights.residentBytes(), weights.offloadedBytes(), stream.slotBytes(), arenaBytes(), constantBytes);
    }

    @Override
    public void close() {
        leaveResults();
        release();
        stream.close();
        marks.forEach(CudaEvent::close);
        marks.clear();
    }
}
