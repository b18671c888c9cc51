package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
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

/// The weights of one model: those of every block in one [WeightPiece], on the device or, where there is not
/// enough of it, in pinned memory of the host, from where [WeightStream] brings them in turn. Not thread-safe.
final class DeviceWeights implements AutoCloseable {

    private final CudaDeviceState device;
    private final SequencedMap<String, WeightPiece> pieces = new LinkedHashMap<>();
    private final Map<Buffer, Place> places = new IdentityHashMap<>();
    private final Map<String, View> views = new LinkedHashMap<>();

    /// A weight within the piece of its block.
    ///
    /// @param offsetBytes from the start of the piece
    record Place(String block, long offsetBytes) {}

    private DeviceWeights(CudaDeviceState device) {
        this.device = device;
    }

    /// Reads all weights; afterwards the sources are no longer needed. Takes the device's turn for each block.
    /// [Offload#ALWAYS] puts all blocks on the host; with [Offload#AUTO] those that the device has no room for.
    /// Blocks that another session has are not read again.
    ///
    /// @throws OutOfDeviceMemoryException when they do not fit
    static DeviceWeights read(CudaDeviceState device, Collection<WeightSource> sources) {
        DeviceWeights weights = new DeviceWeights(device);
        long chunk = sources.stream()
                .mapToLong(source -> source.stagedBytes(2 * StagedCopies.CHUNK_BYTES))
                .max()
                .orElse(0);
        try (StagedCopies copies = new StagedCopies(device.context(), device.copies(), Math.max(1, chunk))) {
            weights.read(sources, copies);
            return weights;
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private void read(Collection<WeightSource> sources, StagedCopies copies) {
        Map<String, List<WeightSource>> byBlock = new LinkedHashMap<>();
        sources.forEach(source -> byBlock.computeIfAbsent(source.block(), missing -> new ArrayList<>())
                .add(source));
        byBlock.forEach((block, own) -> {
            WeightPiece.Layout layout = WeightPiece.Layout.of(block, own);
            long[] offsets = layout.offsets();
            for (int i = 0; i < own.size(); i++) {
                WeightSource source = own.get(i);
                Buffer buffer = new Buffer(Buffer.Kind.WEIGHT, source.name(), source.bytes());
                places.put(buffer, new Place(block, offsets[i]));
                views.put(source.name(), new View(buffer, 0, source.dtype(), source.shape()));
            }
            device.turn().lock();
            try {
                pieces.put(block, read(layout, own, copies));
            } finally {
                device.turn().unlock();
            }
        });
    }

    private WeightPiece read(WeightPiece.Layout layout, List<WeightSource> sources, StagedCopies copies) {
        Offload offload = device.settings().offload();
        if (layout.bytes() > device.budget().availableBytes()) {
            device.residents().toHost(device);
        }
        boolean onHost = !layout.block().isEmpty()
                && (offload == Offload.ALWAYS
                        || offload == Offload.AUTO
                                && layout.bytes() > device.budget().availableBytes());
        return device.pieces().find(layout, sources, copies).orElseGet(() -> device.pieces()
                .read(device, layout, sources, copies, onHost));
    }

    /// By the names of their initializers.
    Map<String, View> views() {
        return views;
    }

    Place place(Buffer buffer) {
        return Objects.requireNonNull(places.get(buffer), buffer::toString);
    }

    boolean isOnDevice(String block) {
        return piece(block).isOnDevice();
    }

    /// All of a block's weights on the device.
    ///
    /// @throws IllegalStateException when they are on the host
    DeviceSpan onDevice(String block) {
        return piece(block).onDevice();
    }

    /// All of a block's weights in pinned memory.
    ///
    /// @throws IllegalStateException when they are on the device
    MemorySegment onHost(String block) {
        return piece(block).onHost();
    }

    long bytes(String block) {
        return piece(block).bytes();
    }

    boolean has(String block) {
        return pieces.containsKey(block);
    }

    private WeightPiece piece(String block) {
        return Objects.requireNonNull(pieces.get(block), block);
    }

    /// Moves weights of blocks to the host, the last ones first, until so much of the device is free again or
    /// none is left there.
    ///
    /// @return bytes that became free
    long offload(long wantedBytes) {
        long freed = 0;
        for (String block : pieces.sequencedKeySet().reversed()) {
            WeightPiece piece = piece(block);
            if (freed < wantedBytes && !block.isEmpty() && piece.isOnDevice()) {
                piece.toHost(device);
                device.pieces().moved();
                freed += piece.bytes();
            }
        }
        return freed;
    }

    /// How many of the blocks on the host, the first ones first, fit into so many bytes of the device beside
    /// the places through which the others come.
    int returnable(long room) {
        List<WeightPiece> away = away();
        for (int count = away.size(); count > 0; count--) {
            long slots = WeightStream.SLOTS
                    * away.subList(count, away.size()).stream()
                            .mapToLong(WeightPiece::bytes)
                            .max()
                            .orElse(0);
            long back = away.subList(0, count).stream()
                    .mapToLong(WeightPiece::bytes)
                    .sum();
            if (back + slots <= room) {
                return count;
            }
        }
        return 0;
    }

    /// Brings the first blocks that are on the host back to the device.
    ///
    /// @throws OutOfDeviceMemoryException when they do not fit after all; those that did stay there
    void comeBack(int count) {
        for (WeightPiece piece : away().subList(0, count)) {
            piece.toDevice(device);
            device.pieces().moved();
        }
    }

    private List<WeightPiece> away() {
        return pieces.values().stream().filter(piece -> !piece.isOnDevice()).toList();
    }

    /// Bytes of weights on the device, [WeightStream]'s slots not counted.
    long residentBytes() {
        return pieces.values().stream()
                .filter(WeightPiece::isOnDevice)
                .mapToLong(WeightPiece::bytes)
                .sum();
    }

    /// Bytes of weights on the host.
    long offloadedBytes() {
        return away().stream().mapToLong(WeightPiece::bytes).sum();
    }

    /// Bytes of the largest block on the host.
    long largestOffloadedBytes() {
        return away().stream().mapToLong(WeightPiece::bytes).max().orElse(0);
    }

    /// Bytes of the largest block, wherever it is.
    long largestBlockBytes() {
        return pieces.entrySet().stream()
                .filter(entry -> !entry.getKey().isEmpty())
                .mapToLong(entry -> entry.getValue().bytes())
                .max()
                .orElse(0);
    }

    @Override
    public void close() {
        device.turn().lock();
        try {
            pieces.values().forEach(piece -> device.pieces().leave(piece, device.budget()));
            pieces.clear();
        } finally {
            device.turn().unlock();
        }
    }
}
