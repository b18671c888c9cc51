package dev.quantreel.engines.gguf;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointDigest;
import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MappedCopy;
import dev.quantreel.engines.tensor.MappedFile;
import dev.quantreel.engines.tensor.MissingTensor;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.Supplier;
import java.util.stream.LongStream;

/// A GGUF file, mapped into memory. As a checkpoint it shows what is stored: float tensors as they are, blocks as U8
/// `[bytes]`; [#decode] unpacks those.
///
/// Owns the mapping: its tensors are views that die with [#close]. Safe for many threads.
public final class GgufFile implements Checkpoint, AutoCloseable {

    /// Elements that one task unpacks; a multiple of every block.
    private static final long CHUNK = 1 << 16;

    private final MappedFile mapped;
    private final GgufHeader header;
    private final Supplier<String> digest = CheckpointDigest.cached(this);

    private GgufFile(MappedFile mapped, GgufHeader header) {
        this.mapped = mapped;
        this.header = header;
    }

    /// Maps and validates.
    ///
    /// @throws CheckpointException when the file is missing, unreadable, truncated, malformed or has an unknown
    /// type
    public static GgufFile open(Path path) {
        MappedFile mapped = MappedFile.open(path, CheckpointException::new);
        boolean done = false;
        try {
            GgufFile file = new GgufFile(mapped, GgufHeader.parse(path.toString(), mapped.content()));
            done = true;
            return file;
        } finally {
            if (!done) {
                mapped.close();
            }
        }
    }

    /// How a tensor is stored.
    public GgmlType type(String name) {
        return entry(name).type();
    }

    /// Extents of a tensor's weights, slowest axis first.
    public Shape weightShape(String name) {
        return entry(name).shape();
    }

    /// The weights of a tensor: a view where they are floats, otherwise unpacked F32 in garbage-collected memory.
    public Tensor decode(String name) {
        GgufHeader.Entry entry = entry(name);
        if (entry.type().isFloat()) {
            return new Tensor(entry.type().dtype(), entry.shape(), bytes(entry));
        }
        MemorySegment blocks = bytes(entry);
        Tensor decoded = Tensor.zeros(DType.F32, entry.shape());
        long elements = entry.shape().elements();
        GgmlType type = entry.type();
        LongStream.range(0, Math.ceilDiv(elements, CHUNK)).parallel().forEach(chunk -> {
            int count = (int) Math.min(CHUNK, elements - chunk * CHUNK);
            byte[] piece = new byte[count / type.blockElements() * type.blockBytes()];
            copy(blocks, chunk * (CHUNK / type.blockElements()) * type.blockBytes(), piece);
            float[] values = new float[count];
            type.decode(piece, values);
            MemorySegment.copy(values, 0, decoded.data(), Tensor.FLOAT, 4 * chunk * CHUNK, count);
        });
        return decoded;
    }

    private void copy(MemorySegment blocks, long offsetBytes, byte[] piece) {
        MappedCopy.copy(blocks.asSlice(offsetBytes, piece.length), MemorySegment.ofArray(piece), source());
    }

    private MemorySegment bytes(GgufHeader.Entry entry) {
        mapped.requireUnchanged();
        return mapped.content().asSlice(header.dataOffsetBytes() + entry.beginBytes(), entry.byteSize());
    }

    private GgufHeader.Entry entry(String name) {
        GgufHeader.Entry entry = header.entries().get(name);
        if (entry == null) {
            throw MissingTensor.of(this, name);
        }
        return entry;
    }

    @Override
    public SequencedSet<String> names() {
        return header.entries().sequencedKeySet();
    }

    @Override
    public Tensor tensor(String name) {
        return new Tensor(dtype(name), shape(name), bytes(entry(name)));
    }

    @Override
    public Shape shape(String name) {
        GgufHeader.Entry entry = entry(name);
        return entry.type().isFloat() ? entry.shape() : Shape.of(entry.byteSize());
    }

    @Override
    public DType dtype(String name) {
        GgmlType type = entry(name).type();
        return type.isFloat() ? type.dtype() : DType.U8;
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    @Override
    public String source() {
        return String.valueOf(mapped.path().getFileName());
    }

    @Override
    public String digest() {
        return digest.get();
    }

    @Override
    public void close() {
        mapped.close();
    }
}
