package dev.quantreel.engines.tensor;

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
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A file mapped for reading. Owns the mapping: what was sliced from it dies with [#close]. Safe for many threads.
///
/// Replacing the file by another (a move onto its name) does not disturb an open mapping; writing into it does and is
/// noticed by [#requireUnchanged].
public final class MappedFile implements AutoCloseable {

    private final Path path;
    private final Failure failure;
    private final Arena arena;
    private final FileChannel channel;
    private final MemorySegment content;
    private final Stamp opened;

    /// Makes the exception of a format: file name, message, cause.
    @FunctionalInterface
    public interface Failure {
        CheckpointException of(String file, String message, @Nullable Throwable cause);
    }

    private MappedFile(Path path, Failure failure, Arena arena, FileChannel channel) throws IOException {
        this.path = path;
        this.failure = failure;
        this.arena = arena;
        this.channel = channel;
        this.opened = Stamp.of(path);
        this.content = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }

    /// Maps the whole file.
    ///
    /// @param failure makes the exceptions
    /// @throws CheckpointException when it is missing, a folder or unreadable
    public static MappedFile open(Path path, Failure failure) {
        String file = path.toString();
        if (Files.isDirectory(path)) {
            throw failure.of(file, "is a folder; expected a file", null);
        }
        Arena arena = Arena.ofShared();
        FileChannel channel = null;
        boolean done = false;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
            MappedFile mapped = new MappedFile(path, failure, arena, channel);
            done = true;
            return mapped;
        } catch (NoSuchFileException e) {
            throw failure.of(file, "there is no such file", e);
        } catch (AccessDeniedException e) {
            throw failure.of(file, "permission to read it is denied", e);
        } catch (IOException e) {
            throw failure.of(file, "cannot be read: " + e.getMessage(), e);
        } finally {
            if (!done) {
                arena.close();
                closeQuietly(channel);
            }
        }
    }

    public Path path() {
        return path;
    }

    /// All bytes.
    public MemorySegment content() {
        return content;
    }

    /// A mapping of a file that shrank crashes reads, one that was rewritten mixes two models: refuses both.
    ///
    /// @throws CheckpointException when the file was written to since it was opened
    public void requireUnchanged() {
        try {
            long size = channel.size();
            if (size != opened.size()) {
                throw changed("it had " + opened.size() + " bytes and now has " + size);
            }
            Stamp now = Stamp.of(path);
            if (Objects.equals(now.key(), opened.key()) && !now.modified().equals(opened.modified())) {
                throw changed("written to at " + now.modified());
            }
        } catch (NoSuchFileException e) {
            // Deleted: the mapping keeps the bytes alive.
            System.getLogger(MappedFile.class.getName())
                    .log(System.Logger.Level.DEBUG, "{0} was deleted while open", path);
        } catch (IOException e) {
            throw failure.of(path.toString(), "cannot be checked for changes: " + e.getMessage(), e);
        }
    }

    private CheckpointException changed(String how) {
        return failure.of(path.toString(), "changed while open: " + how + "; load it again", null);
    }

    @Override
    public void close() {
        arena.close();
        closeQuietly(channel);
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        if (channel == null) {
            return;
        }
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger(MappedFile.class.getName())
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
