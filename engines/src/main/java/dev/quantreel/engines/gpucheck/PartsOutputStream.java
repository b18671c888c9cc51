package dev.quantreel.engines.gpucheck;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Writes into files of a limited size, `NAME.00`, `NAME.01` and so on; `cat NAME.*` gives the whole. For one thread.
final class PartsOutputStream extends OutputStream {

    private final Path name;
    private final long partBytes;
    private final List<Path> parts = new ArrayList<>();
    private OutputStream part = OutputStream.nullOutputStream();
    private long left;

    PartsOutputStream(Path name, long partBytes) {
        this.name = name;
        this.partBytes = partBytes;
    }

    /// Those begun so far, in order.
    List<Path> parts() {
        return List.copyOf(parts);
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        while (at < offset + length) {
            if (left == 0) {
                next();
            }
            int count = (int) Math.min(left, offset + length - at);
            part.write(bytes, at, count);
            left -= count;
            at += count;
        }
    }

    private void next() throws IOException {
        part.close();
        Path file = name.resolveSibling(String.format(Locale.ROOT, "%s.%02d", name.getFileName(), parts.size()));
        part = new BufferedOutputStream(Files.newOutputStream(file));
        parts.add(file);
        left = partBytes;
    }

    @Override
    public void close() throws IOException {
        part.close();
    }
}
