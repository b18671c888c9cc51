package dev.quantreel.engines.safetensors;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointDigest;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MappedFile;
import dev.quantreel.engines.tensor.MissingTensor;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.Supplier;

/// A safetensors file, mapped into memory and read on demand.
///
/// Owns the mapping: its tensors are views that die with [#close]; using one afterwards throws [IllegalStateException].
/// Safe for many threads. Replacing the file by another (a move onto its name) does not disturb an open mapping;
/// writing into it does and is noticed at the next [#tensor].
public final class SafetensorsFile implements Checkpoint, AutoCloseable {

    private final MappedFile mapped;
    private final MemorySegment data;
    private final SafetensorsHeader header;
    private final Supplier<String> digest = CheckpointDigest.cached(this);

    private SafetensorsFile(MappedFile mapped, SafetensorsHeader header) {
        this.mapped = mapped;
        this.header = header;
        this.data = mapped.content().asSlice(header.dataOffsetBytes());
    }

    /// Maps and validates.
    ///
    /// @throws SafetensorsException when the file is missing, unreadable, truncated, malformed or of another format
    public static SafetensorsFile open(Path path) {
        MappedFile mapped = MappedFile.open(path, SafetensorsException::new);
        boolean done = false;
        try {
            FileKind.requireSafetensors(path.toString(), mapped.content());
            SafetensorsFile file =
                    new SafetensorsFile(mapped, SafetensorsHeader.parse(path.toString(), mapped.content()));
            done = true;
            return file;
        } finally {
            if (!done) {
                mapped.close();
            }
        }
    }

    /// Where the tensors lie in the file.
    public SafetensorsHeader header() {
        return header;
    }

    @Override
    public SequencedSet<String> names() {
        return header.entries().sequencedKeySet();
    }

    /// {@inheritDoc}
    ///
    /// @throws SafetensorsException when the file was written to since it was opened
    @Override
    public Tensor tensor(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        mapped.requireUnchanged();
        return new Tensor(entry.dtype(), entry.shape(), data.asSlice(entry.beginBytes(), entry.byteSize()));
    }

    @Override
    public Shape shape(String name) {
        return entry(name).shape();
    }

    @Override
    public DType dtype(String name) {
        return entry(name).dtype();
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.entries().get(name);
        if (entry == null) {
            throw MissingTensor.of(this, name);
        }
        return entry;
    }

    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// The file name, without folder.
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
