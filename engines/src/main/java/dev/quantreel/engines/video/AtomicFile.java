package dev.quantreel.engines.video;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// Writes a file that appears under its name only when it is complete.
final class AtomicFile {

    /// Fills a channel.
    interface Content {
        /// @param file where the channel's bytes lie meanwhile, for reading them back
        void writeTo(SeekableByteChannel channel, Path file) throws IOException;
    }

    /// Opens the channel of a file that does not exist yet.
    interface Opener {
        SeekableByteChannel open(Path file) throws IOException;
    }

    /// Files of the default file system.
    static final Opener FILES = file -> Files.newByteChannel(
            file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);

    private AtomicFile() {}

    /// Writes `content` beside `target` and moves it there.
    ///
    /// @throws VideoException when anything fails; nothing is left behind then
    static void write(Path target, Opener opener, Content content) throws VideoException {
        Path temporary = target.resolveSibling("." + target.getFileName() + ".part");
        try {
            Path folder = target.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            Files.deleteIfExists(temporary);
            try (SeekableByteChannel channel = opener.open(temporary)) {
                content.writeTo(channel, temporary);
            }
            move(temporary, target);
        } catch (IOException e) {
            discard(temporary, e);
            throw new VideoException(
                    "cannot write " + target + ": " + reason(e) + "; nothing was left behind at that name", e);
        } catch (Throwable e) { // a cancelled or failed encoder must not leave a part either
            discard(temporary, e);
            throw e;
        }
    }

    private static String reason(IOException e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : message;
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void discard(Path temporary, Throwable reason) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
