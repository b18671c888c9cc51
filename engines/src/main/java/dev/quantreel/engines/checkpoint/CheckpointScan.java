package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointDigest;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MappedCopy;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// Reads every byte of a checkpoint once, on all processors: digest, search for NaN and infinities, and figures
/// of every
/// tensor from the same pass.
///
/// What was read is given back to the system piece by piece, so that resident memory stays at some tens of
/// megabytes
/// whatever the size of the file.
public final class CheckpointScan {

    private static final Set<DType> FLOATS = Set.of(DType.F32, DType.F16, DType.BF16, DType.F8_E4M3, DType.F8_E5M2);

    private final CheckpointFile file;
    private final Checkpoint stored;
    private final List<Piece> pieces = new ArrayList<>();
    private final Map<String, Tally> tallies = new LinkedHashMap<>();
    private final NavigableMap<Integer, NonFinite> damage = new ConcurrentSkipListMap<>();

    /// What was found.
    ///
    /// @param digest as [Checkpoint#digest]
    /// @param damage the first NaN or infinity in file order; empty when all weights are finite
    /// @param statistics of every float tensor by its name in the file
    public record Result(
            String digest, Optional<NonFinite> damage, SequencedMap<String, TensorStatistics> statistics) {}

    /// Some bytes of a tensor.
    private record Piece(String name, Tally tally, int index, long beginBytes, long bytes) {}

    /// What is known of a tensor so far.
    private static final class Tally {
        private final Tensor tensor;
        private final byte[][] hashes;
        private int open;
        private @Nullable WeightHistogram histogram;
        private Optional<TensorStatistics> statistics = Optional.empty();

        Tally(Tensor tensor) {
            this.tensor = tensor;
            this.open = Math.toIntExact(Math.ceilDiv(tensor.data().byteSize(), CheckpointDigest.PIECE_BYTES));
            this.hashes = new byte[open][];
        }

        /// Takes over what one piece gave; the last one closes the account.
        synchronized void add(WeightHistogram counted) {
            if (histogram == null) {
                histogram = new WeightHistogram();
            }
            histogram.take(counted);
            if (--open == 0) {
                statistics = Optional.of(histogram.statistics());
                histogram = null;
            }
        }
    }

    /// A thread's own memory.
    private static final class Buffers implements ParallelPieces.Memory {
        private final Arena arena = Arena.ofConfined();
        private final MemorySegment bytes = arena.allocate(CheckpointDigest.PIECE_BYTES, 64);
        private final MemorySegment floats = arena.allocate(WeightHistogram.scratchBytes(), 64);
        private final WeightHistogram histogram = new WeightHistogram();

        @Override
        public void close() {
            arena.close();
        }
    }

    private CheckpointScan(CheckpointFile file) {
        this.file = file;
        this.stored = file.stored();
        for (String name : stored.names()) {
            Tally tally = new Tally(stored.tensor(name));
            tallies.put(name, tally);
            for (int i = 0; i < tally.hashes.length; i++) {
                long begin = i * CheckpointDigest.PIECE_BYTES;
                long end = Math.min(tally.tensor.data().byteSize(), begin + CheckpointDigest.PIECE_BYTES);
                pieces.add(new Piece(name, tally, i, begin, end - begin));
            }
        }
    }

    /// Reads it all.
    ///
    /// @param read told how many bytes were read since the last call, from any thread; [#bytes] in all
    /// @throws java.util.concurrent.CancellationException when interrupted, within a piece of 16 MiB
    /// @throws IllegalStateException when the file is cut short meanwhile
    public static Result of(CheckpointFile file, LongConsumer read, CancellationToken cancellation) {
        return new CheckpointScan(file).run(read, cancellation);
    }

    /// Bytes that a scan reads.
    public static long bytes(CheckpointFile file) {
        return file.stored().names().stream()
                .mapToLong(name -> file.stored().storedBytes(name))
                .sum();
    }

    private Result run(LongConsumer read, CancellationToken cancellation) {
        ParallelPieces.of(cancellation).run(pieces.size(), Buffers::new, (i, buffers) -> {
            Piece piece = pieces.get(i);
            scan(i, piece, buffers);
            read.accept(piece.bytes());
        });
        String digest = CheckpointDigest.of(stored, name -> List.of(tally(name).hashes));
        SequencedMap<String, TensorStatistics> statistics = new LinkedHashMap<>();
        tallies.forEach((name, tally) -> tally.statistics.ifPresent(found -> statistics.put(name, found)));
        Optional<NonFinite> found = damage.values().stream().findFirst().or(() -> inDecoded(cancellation));
        return new Result(digest, found, Collections.unmodifiableSequencedMap(statistics));
    }

    private Tally tally(String name) {
        return Objects.requireNonNull(tallies.get(name));
    }

    private void scan(int order, Piece piece, Buffers buffers) {
        Tensor tensor = piece.tally().tensor;
        MemorySegment bytes = buffers.bytes.asSlice(0, piece.bytes());
        MemorySegment source = tensor.data().asSlice(piece.beginBytes(), piece.bytes());
        MappedCopy.copy(source, bytes, file.source());
        new Tensor(DType.U8, Shape.of(piece.bytes()), source).evict();
        piece.tally().hashes[piece.index()] = CheckpointDigest.ofPiece(bytes);
        if (FLOATS.contains(tensor.dtype())) {
            long elementBytes = tensor.dtype().bits() / 8;
            Tensor values = new Tensor(tensor.dtype(), Shape.of(piece.bytes() / elementBytes), bytes);
            buffers.histogram.add(values, buffers.floats);
            if (buffers.histogram.hasNonFinite()) {
                long before = piece.beginBytes() / elementBytes;
                NonFinite.firstIn(piece.name(), values)
                        .map(found -> new NonFinite(found.tensor(), before + found.index(), found.value()))
                        .ifPresent(found -> damage.put(order, found));
            }
            piece.tally().add(buffers.histogram);
        }
    }

    /// Packed weights can be infinite by their scales: looks at what they decode to.
    private Optional<NonFinite> inDecoded(CancellationToken cancellation) {
        for (String name : file.names()) {
            boolean seen = stored.contains(name) && FLOATS.contains(stored.dtype(name));
            if (!seen) {
                cancellation.throwIfCancelled();
                Optional<NonFinite> found = NonFinite.firstIn(name, file.tensor(name));
                if (found.isPresent()) {
                    return found;
                }
            }
        }
        return Optional.empty();
    }
}
