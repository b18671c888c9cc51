package dev.quantreel.engines.artifact;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.runtime.BackgroundThread;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointDigest;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Reads a source while it is quantized: fetches what is needed next from the disk while the processors work on what is
/// there, takes the digest of all of it on the way, and gives memory back. Every byte is read from the disk once.
///
/// For one thread, beside which it has one of its own.
final class SourceReader implements AutoCloseable {

    /// Reading a tensor maps pages of its neighbours too, as many as the system holds together (up to 2 MB on both
    /// sides): after so many bytes what was given back before is given back once more.
    private static final long ROUND_BYTES = 64L << 20;

    private final TransformerCheckpoint model;
    private final Checkpoint stored;
    private final Optional<String> known;
    private final Map<String, List<byte[]>> hashes = new ConcurrentHashMap<>();
    private final BackgroundThread thread = new BackgroundThread("source");
    private final List<Tensor> released = new ArrayList<>();
    private long roundBytes;

    /// @param stored what the model lies in, before decoding
    /// @param known digest of `stored`, where it was taken before
    SourceReader(TransformerCheckpoint model, Checkpoint stored, Optional<String> known) {
        this.model = model;
        this.stored = stored;
        this.known = known;
    }

    TransformerCheckpoint model() {
        return model;
    }

    /// Whether the digest is being taken.
    boolean digests() {
        return known.isEmpty();
    }

    /// Begins to fetch a tensor; [#arrived] waits for it.
    void fetch(String canonical) {
        String name = model.slice(canonical).name();
        if (stored.contains(name)) {
            thread.run(() -> read(name));
        }
    }

    /// Waits for what is being fetched.
    ///
    /// @throws IllegalStateException when the file was cut short
    void arrived() {
        thread.await();
    }

    private void read(String name) {
        MemorySegment data = stored.tensor(name).data();
        if (known.isEmpty()) {
            hashes.computeIfAbsent(name, missing -> hash(data));
        } else if (data.isMapped()) {
            data.load();
        }
    }

    private static List<byte[]> hash(MemorySegment data) {
        List<byte[]> pieces = new ArrayList<>();
        for (long begin = 0; begin < data.byteSize(); begin += CheckpointDigest.PIECE_BYTES) {
            long bytes = Math.min(CheckpointDigest.PIECE_BYTES, data.byteSize() - begin);
            pieces.add(CheckpointDigest.ofPiece(data.asSlice(begin, bytes)));
        }
        return pieces;
    }

    /// Gives the memory of a tensor back.
    ///
    /// @param next tensor that is needed next; where both lie in one, as parts of a fused matrix do, it stays
    void release(String canonical, Optional<String> next) {
        String name = model.slice(canonical).name();
        boolean shared =
                next.filter(other -> model.slice(other).name().equals(name)).isPresent();
        if (!shared && stored.contains(name)) {
            release(stored.tensor(name));
        }
    }

    private void release(Tensor tensor) {
        tensor.evict();
        released.add(tensor);
        roundBytes += tensor.data().byteSize();
        if (roundBytes >= ROUND_BYTES) {
            released.forEach(Tensor::evict);
            roundBytes = 0;
        }
    }

    /// The digest of the source; reads what was not fetched, such as scales and other parts of a file.
    String digest(CancellationToken cancellation) {
        if (known.isPresent()) {
            return known.get();
        }
        thread.await();
        List<String> rest = stored.names().stream()
                .filter(name -> !hashes.containsKey(name))
                .toList();
        ParallelPieces.of(cancellation).run(rest.size(), () -> () -> {}, (i, none) -> {
            Tensor tensor = stored.tensor(rest.get(i));
            hashes.put(rest.get(i), hash(tensor.data()));
            tensor.evict();
        });
        return CheckpointDigest.of(stored, name -> Objects.requireNonNull(hashes.get(name), name));
    }

    @Override
    public void close() {
        thread.close();
    }
}
