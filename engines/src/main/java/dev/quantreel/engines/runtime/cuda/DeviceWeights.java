package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.CudaContext;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.PinnedMemory;
import dev.quantreel.engines.runtime.cuda.plan.Buffer;
import dev.quantreel.engines.runtime.cuda.plan.View;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;

/// The weights of one model: those of every block in one piece of memory, on the device or, where there is not
/// enough of it, in pinned memory of the host, from where [WeightStream] brings them in turn. Not thread-safe.
final class DeviceWeights implements AutoCloseable {

    /// Where a weight begins in the piece of its block.
    private static final int ALIGNMENT = 256;

    private final CudaContext context;
    private final CudaStream copies;
    private final MemoryBudget budget;
    private final SequencedMap<String, Piece> pieces = new LinkedHashMap<>();
    private final Map<Buffer, Place> places = new IdentityHashMap<>();
    private final Map<String, View> views = new LinkedHashMap<>();

    /// A weight within the piece of its block.
    ///
    /// @param offsetBytes from the start of the piece
    record Place(String block, long offsetBytes) {}

    /// Where a piece is.
    private sealed interface Home {
        record OnDevice(DeviceMemory memory) implements Home {}

        record OnHost(PinnedMemory memory) implements Home {}
    }

    /// The weights of a block.
    private static final class Piece {
        private final List<WeightSource> sources = new ArrayList<>();
        private long bytes;
        private Home home;

        private Piece(Home home) {
            this.home = home;
        }
    }

    private DeviceWeights(CudaContext context, CudaStream copies, MemoryBudget budget) {
        this.context = context;
        this.copies = copies;
        this.budget = budget;
    }

    /// Reads all weights; afterwards the sources are no longer needed.
    ///
    /// @param copies stream for the copies
    /// @param offload [Offload#ALWAYS] puts all blocks on the host; with [Offload#AUTO] those that the device
    /// has no room for
    /// @throws OutOfDeviceMemoryException when they do not fit
    static DeviceWeights read(
            CudaContext context,
            CudaStream copies,
            MemoryBudget budget,
            Collection<WeightSource> sources,
            Offload offload) {
        DeviceWeights weights = new DeviceWeights(context, copies, budget);
        try {
            weights.read(sources, offload);
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private void read(Collection<WeightSource> sources, Offload offload) {
        Map<String, List<WeightSource>> byBlock = new LinkedHashMap<>();
        sources.forEach(source -> byBlock.computeIfAbsent(source.block(), missing -> new ArrayList<>())
                .add(source));
        for (Map.Entry<String, List<WeightSource>> entry : byBlock.entrySet()) {
            long bytes = 0;
            for (WeightSource source : entry.getValue()) {
                Buffer buffer = new Buffer(Buffer.Kind.WEIGHT, source.name(), source.bytes());
                places.put(buffer, new Place(entry.getKey(), bytes));
                views.put(source.name(), new View(buffer, 0, source.dtype(), source.shape()));
                bytes += Math.ceilDiv(source.bytes(), ALIGNMENT) * ALIGNMENT;
            }
            pieces.put(entry.getKey(), read(entry.getKey(), entry.getValue(), Math.max(ALIGNMENT, bytes), offload));
        }
    }

    private Piece read(String block, List<WeightSource> sources, long bytes, Offload offload) {
        boolean onHost = !block.isEmpty()
                && (offload == Offload.ALWAYS || offload == Offload.AUTO && bytes > budget.availableBytes());
        PinnedMemory staging = context.allocatePinned(bytes);
        boolean kept = false;
        try {
            long offset = 0;
            for (WeightSource source : sources) {
                source.writer().accept(staging.segment().asSlice(offset, source.bytes()));
                offset += Math.ceilDiv(source.bytes(), ALIGNMENT) * ALIGNMENT;
            }
            Piece piece = new Piece(onHost ? new Home.OnHost(staging) : uploaded(block, staging));
            piece.bytes = bytes;
            kept = onHost;
            return piece;
        } finally {
            if (!kept) {
                staging.close();
            }
        }
    }

    private Home uploaded(String block, PinnedMemory staging) {
        DeviceMemory memory = budget.allocate(
                staging.sizeBytes(), block.isEmpty() ? "weights outside of blocks" : "weights of " + block);
        copies.upload(memory.span(), staging.segment());
        copies.synchronize();
        return new Home.OnDevice(memory);
    }

    /// By the names of their initializers.
    Map<String, View> views() {
        return views;
    }

    Place place(Buffer buffer) {
        return Objects.requireNonNull(places.get(buffer), buffer::toString);
    }

    boolean isOnDevice(String block) {
        return piece(block).home instanceof Home.OnDevice;
    }

    /// All of a block's weights on the device.
    ///
    /// @throws IllegalStateException when they are on the host
    DeviceSpan onDevice(String block) {
        if (piece(block).home instanceof Home.OnDevice(DeviceMemory memory)) {
            return memory.span();
        }
        throw new IllegalStateException("the weights of " + block + " are on the host");
    }

    /// All of a block's weights in pinned memory.
    ///
    /// @throws IllegalStateException when they are on the device
    MemorySegment onHost(String block) {
        if (piece(block).home instanceof Home.OnHost(PinnedMemory memory)) {
            return memory.segment();
        }
        throw new IllegalStateException("the weights of " + block + " are on the device");
    }

    long bytes(String block) {
        return piece(block).bytes;
    }

    boolean has(String block) {
        return pieces.containsKey(block);
    }

    private Piece piece(String block) {
        return Objects.requireNonNull(pieces.get(block), block);
    }

    /// Moves weights of blocks to the host, the last ones first, until so much of the device is free again or none is
    /// left there.
    ///
    /// @return bytes that became free
    long offload(long wantedBytes) {
        long freed = 0;
        for (String block : pieces.sequencedKeySet().reversed()) {
            Piece piece = piece(block);
            if (freed < wantedBytes && !block.isEmpty() && piece.home instanceof Home.OnDevice(DeviceMemory memory)) {
                PinnedMemory host = context.allocatePinned(piece.bytes);
                copies.download(host.segment(), memory.span());
                copies.synchronize();
                budget.free(memory);
                piece.home = new Home.OnHost(host);
                freed += piece.bytes;
            }
        }
        return freed;
    }

    /// Bytes of weights on the device, [WeightStream]'s slots not counted.
    long residentBytes() {
        return pieces.values().stream()
                .filter(piece -> piece.home instanceof Home.OnDevice)
                .mapToLong(piece -> piece.bytes)
                .sum();
    }

    /// Bytes of weights on the host.
    long offloadedBytes() {
        return pieces.values().stream()
                .filter(piece -> piece.home instanceof Home.OnHost)
                .mapToLong(piece -> piece.bytes)
                .sum();
    }

    /// Bytes of the largest block on the host.
    long largestOffloadedBytes() {
        return pieces.values().stream()
                .filter(piece -> piece.home instanceof Home.OnHost)
                .mapToLong(piece -> piece.bytes)
                .max()
                .orElse(0);
    }

    /// Bytes of the largest block, wherever it is.
    long largestBlockBytes() {
        return pieces.entrySet().stream()
                .filter(entry -> !entry.getKey().isEmpty())
                .mapToLong(entry -> entry.getValue().bytes)
                .max()
                .orElse(0);
    }

    @Override
    public void close() {
        for (Piece piece : pieces.values()) {
            switch (piece.home) {
                case Home.OnDevice(DeviceMemory memory) -> budget.free(memory);
                case Home.OnHost(PinnedMemory memory) -> memory.close();
            }
        }
        pieces.clear();
    }
}
