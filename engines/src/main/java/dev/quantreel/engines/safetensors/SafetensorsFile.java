package dev.quantreel.engines.safetensors;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointDigest;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MissingTensor;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A safetensors file, mapped into memory and read on demand.
///
/// Owns the mapping: its tensors are views that die with [#close]; using one afterwards throws [IllegalStateException].
/// Safe for many threads. Replacing the file by another (a move onto its name) does not disturb an open mapping;
/// writing into it does and is noticed at the next [#tensor].
public final class SafetensorsFile implements Checkpoint, AutoCloseable {

    private final Path path;
    private final Arena arena;
    private final FileChannel channel;
    private final MemorySegment data;
    private final SafetensorsHeader header;
    private final Stamp opened;
    private final Supplier<String> digest = CheckpointDigest.cached(this);

    private SafetensorsFile(Path path, Arena arena, FileChannel channel, Stamp opened) throws IOException {
        this.path = path;
        this.arena = arena;
        this.channel = channel;
        this.opened = opened;
        MemorySegment content = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        FileKind.requireSafetensors(path.toString(), content);
        this.header = SafetensorsHeader.parse(path.toString(), content);
        this.data = content.asSlice(header.dataOffsetBytes());
    }

    /// Maps and validates.
    ///
    /// @throws SafetensorsException when the file is missing, unreadable, truncated, malformed or of another format
    public static SafetensorsFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new SafetensorsException(path.toString(), "is a folder; expected a .safetensors file");
        }
        Arena arena = Arena.ofShared();
        FileChannel channel = null;
        boolean done = false;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            SafetensorsFile file = new SafetensorsFile(path, arena, channel, Stamp.of(path));
            done = true;
            return file;
        } catch (NoSuchFileException e) {
            throw new SafetensorsException(path.toString(), "there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new SafetensorsException(path.toString(), "permission to read it is denied", e);
        } catch (IOException e) {
            throw new SafetensorsException(path.toString(), "cannot be read: " + e.getMessage(), e);
        } finally {
            if (!done) {
                arena.close();
                closeQuietly(channel);
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
        requireUnchanged();
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
        return String.valueOf(path.getFileName());
    }

    @Override
    public String digest() {
        return digest.get();
    }

    @Override
    public void close() {
        arena.close();
        closeQuietly(channel);
    }

    /// A mapping of a file that shrank crashes reads, one that was rewritten mixes two models: refuse both.
    private void requireUnchanged() {
        try {
            long size = channel.size();
            if (size != opened.size()) {
                throw new SafetensorsException(
                        path.toString(),
                        "changed while open: it had " + opened.size() + " bytes and now has " + size
                                + "; load it again");
            }
            Stamp now = Stamp.of(path);
            if (Objects.equals(now.key(), opened.key()) && !now.modified().equals(opened.modified())) {
                throw new SafetensorsException(
                        path.toString(), "changed while open: written to at " + now.modified() + "; load it again");
            }
        } catch (NoSuchFileException e) {
            // Deleted: the mapping keeps the bytes alive.
            System.getLogger(SafetensorsFile.class.getName())
                    .log(System.Logger.Level.DEBUG, "{0} was deleted while open", path);
        } catch (IOException e) {
            throw new SafetensorsException(path.toString(), "cannot be checked for changes: " + e.getMessage(), e);
        }
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        if (channel == null) {
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger(SafetensorsFile.class.getName())
                    .log(System.Logger.Level.DEBUG, "closing a checkpoint failed", e);
        }
    }

    /// What tells one state of a file from another.
    private record Stamp(
            long size, FileTime modified, @Nullable Object key) {

        static Stamp of(Path path) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return new Stamp(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
        }
    }
}
