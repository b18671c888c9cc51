package dev.quantreel.engines.artifact;

import dev.quantreel.engines.runtime.BackgroundThread;
import dev.quantreel.engines.tensor.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/// A file that grows by units, in any order and over several processes: `TARGET.part` and beside it a journal of what
/// is
/// whole, `TARGET.part.journal`. What the journal lists is checked by its sum before it is believed, so that a kill at
/// any moment, also of the machine, costs at most the units that were being written. Locked against a second writer.
/// One thread may look units up while another writes one.
final class PartialFile implements AutoCloseable {

    private static final String TITLE = "quantreel artifact journal 1";
    private static final int PIECE_BYTES = 8 << 20;

    /// Bytes after which the system is asked to bring what was written to the disk, beside what goes on.
    private static final long FLUSHED_BYTES = 128L << 20;

    private final Path target;
    private final Path part;
    private final Path journal;
    private final FileChannel file;
    private final FileChannel log;
    private final Output output;
    private final Map<String, Integer> done = new HashMap<>();
    private final BackgroundThread flushing = new BackgroundThread("flush");
    private long unflushedBytes;

    /// For reading back; one for all units, because native memory goes back only when the heap is collected.
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);

    /// A run of bytes of the file.
    record Extent(long beginBytes, long bytes) {}

    /// Where bytes go: the file, or in tests a full disk.
    @FunctionalInterface
    interface Output {
        /// @return bytes written
        int write(FileChannel file, ByteBuffer bytes, long position) throws IOException;
    }

    private PartialFile(Path target, FileChannel file, FileChannel log, Output output) {
        this.target = target;
        this.part = part(target);
        this.journal = journal(target);
        this.file = file;
        this.log = log;
        this.output = output;
    }

    static Path part(Path target) {
        return target.resolveSibling(target.getFileName() + ".part");
    }

    static Path journal(Path target) {
        return target.resolveSibling(target.getFileName() + ".part.journal");
    }

    /// A file before it is written.
    ///
    /// @param target its name
    /// @param header its first bytes while it is unfinished
    /// @param fileBytes size of the whole file
    /// @param origin of what goes into it, in any words; a part of another origin is another file
    record Wanted(Path target, ByteBuffer header, long fileBytes, String origin) {}

    /// Begins a file, or goes on with one that was begun with the same header and origin.
    ///
    /// @throws CheckpointException when a part with another header or origin is there, another process writes
    /// it, or the disk is too small
    static PartialFile open(Wanted wanted, Output output) throws IOException {
        Path target = wanted.target();
        long fileBytes = wanted.fileBytes();
        Path absolute = target.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder == null) {
            throw new CheckpointException(target.toString(), "is not a file name");
        }
        Files.createDirectories(folder);
        FileChannel file = FileChannel.open(
                part(absolute),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE);
        FileChannel log = FileChannel.open(
                journal(absolute), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        PartialFile partial = new PartialFile(absolute, file, log, output);
        boolean opened = false;
        try {
            partial.lock();
            partial.resume(sha256(wanted), fileBytes);
            partial.requireSpace(folder, fileBytes);
            partial.write(wanted.header().duplicate(), 0);
            if (file.size() < fileBytes) {
                partial.write(ByteBuffer.allocate(1), fileBytes - 1);
            }
            opened = true;
            return partial;
        } finally {
            if (!opened) {
                partial.close();
            }
        }
    }

    private void lock() throws IOException {
        try {
            FileLock lock = log.tryLock();
            if (lock != null) {
                return;
            }
        } catch (OverlappingFileLockException e) {
            throw new CheckpointException(part.toString(), "is being written by this process already", e);
        }
        throw new CheckpointException(part.toString(), "is being written by another process");
    }

    private void resume(String headerDigest, long fileBytes) throws IOException {
        List<String> lines = lines();
        if (lines.isEmpty() || file.size() != fileBytes && lines.size() <= 2) {
            file.truncate(0);
            log.truncate(0);
            append(TITLE + "\n" + headerDigest + "\n");
            return;
        }
        if (!lines.getFirst().equals(TITLE) || lines.size() < 2 || !lines.get(1).equals(headerDigest)) {
            throw new CheckpointException(
                    part.toString(),
                    "was begun from another source, with another recipe or by another version; to begin anew delete it"
                            + " and " + journal.getFileName() + " (--restart does), or write to another file");
        }
        for (String line : lines.subList(2, lines.size())) {
            int space = line.indexOf(' ');
            if (space == 8) {
                done.put(line.substring(space + 1), HexFormat.fromHexDigits(line, 0, 8));
            }
        }
    }

    /// Whole lines of the journal; what follows the last one is cut off.
    private List<String> lines() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(log.size()));
        while (bytes.hasRemaining() && log.read(bytes, bytes.position()) > 0) {
            Thread.onSpinWait();
        }
        String text = new String(bytes.array(), StandardCharsets.UTF_8);
        int end = text.lastIndexOf('\n') + 1;
        log.truncate(text.substring(0, end).getBytes(StandardCharsets.UTF_8).length);
        return new ArrayList<>(text.substring(0, end).lines().toList());
    }

    private void append(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            log.write(bytes, log.size());
        }
    }

    private void requireSpace(Path folder, long fileBytes) throws IOException {
        long usable = Files.getFileStore(folder).getUsableSpace();
        if (done.isEmpty() && usable < fileBytes) {
            throw new CheckpointException(
                    target.toString(), "needs " + fileBytes + " bytes, only " + usable + " are free");
        }
    }

    /// Whether the journal says that a unit is in the file.
    boolean lists(String unit) {
        return done.containsKey(unit);
    }

    /// Whether a unit is in the file, whole.
    ///
    /// @param extents where it lies, in the order in which it was written
    boolean has(String unit, List<Extent> extents) throws IOException {
        Integer expected = done.get(unit);
        if (expected == null) {
            return false;
        }
        CRC32C sum = new CRC32C();
        for (Extent extent : extents) {
            for (long at = 0; at < extent.bytes(); at += piece.position()) {
                piece.clear().limit((int) Math.min(PIECE_BYTES, extent.bytes() - at));
                while (piece.hasRemaining()) {
                    if (file.read(piece, extent.beginBytes() + at + piece.position()) < 0) {
                        return false;
                    }
                }
                sum.update(piece.duplicate().flip());
            }
        }
        return (int) sum.getValue() == expected;
    }

    /// A unit while it is written; not done before [#done].
    final class Unit {
        private final String name;
        private final CRC32C sum = new CRC32C();

        private Unit(String name) {
            this.name = name;
        }

        void put(MemorySegment data, long position) {
            try {
                for (long begin = 0; begin < data.byteSize(); begin += PIECE_BYTES) {
                    ByteBuffer bytes = data.asSlice(begin, Math.min(PIECE_BYTES, data.byteSize() - begin))
                            .asByteBuffer();
                    sum.update(bytes.duplicate());
                    write(bytes, position + begin);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void done() {
            try {
                append(HexFormat.of().toHexDigits((int) sum.getValue()) + " " + name + "\n");
                flush();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// Otherwise all of the file would still be to be brought to the disk when the last unit is done.
    private void flush() {
        if (unflushedBytes >= FLUSHED_BYTES) {
            unflushedBytes = 0;
            flushing.await();
            flushing.run(() -> {
                try {
                    file.force(false);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    Unit begin(String name) {
        return new Unit(name);
    }

    private void write(ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += output.write(file, bytes, at);
        }
        unflushedBytes += at - position;
    }

    /// Puts the last header in and moves the file onto its name.
    void finish(ByteBuffer header) throws IOException {
        flushing.await();
        file.force(true);
        write(header.duplicate(), 0);
        file.force(true);
        try {
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        }
        Files.deleteIfExists(journal);
    }

    @Override
    public void close() throws IOException {
        try (file;
                log;
                flushing) {
            done.clear();
        }
    }

    private static String sha256(Wanted wanted) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(wanted.header().duplicate());
            digest.update(wanted.origin().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
