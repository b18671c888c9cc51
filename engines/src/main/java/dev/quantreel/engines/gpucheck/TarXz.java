package dev.quantreel.engines.gpucheck;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZ;
import org.tukaani.xz.XZOutputStream;

/// Writes a `.tar.xz` of files: POSIX ustar, no times, no owners, sorted, so that equal files give equal bytes. Links
/// are followed. For one thread.
final class TarXz implements AutoCloseable {

    private static final int BLOCK = 512;
    private static final int NAME_BYTES = 100;
    private static final int PREFIX_BYTES = 155;
    private static final int PREFIX_AT = 345;
    private static final int SUM_AT = 148;
    private static final int SUM_BYTES = 8;
    private static final int EXECUTABLE = 0755;
    private static final int PLAIN = 0644;
    private static final int DICTIONARY_BYTES = 16 << 20;

    private final OutputStream out;

    /// @param preset 0 (fast) to 9 (small)
    TarXz(OutputStream target, int preset) throws IOException {
        LZMA2Options options = new LZMA2Options(preset);
        options.setDictSize(Math.max(options.getDictSize(), DICTIONARY_BYTES));
        // Sixteen kilobytes at a time is what the checks of a small machine bear; CRC64 is what xz itself takes.
        this.out = new XZOutputStream(target, options, XZ.CHECK_CRC64);
    }

    /// All files below a folder.
    ///
    /// @param prefix of their names, without a slash at its end
    void folder(Path folder, String prefix) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            file(file, prefix + "/" + folder.relativize(file).toString().replace('\\', '/'));
        }
    }

    void file(Path file, String name) throws IOException {
        boolean executable = Files.isExecutable(file) && !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS);
        header(name, Files.size(file), executable ? EXECUTABLE : PLAIN);
        try (InputStream in = Files.newInputStream(file)) {
            pad(in.transferTo(out));
        }
    }

    void text(String text, String name, boolean executable) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        header(name, bytes.length, executable ? EXECUTABLE : PLAIN);
        out.write(bytes);
        pad(bytes.length);
    }

    private void header(String name, long size, int mode) throws IOException {
        byte[] block = new byte[BLOCK];
        int cut = name.length() <= NAME_BYTES ? -1 : name.indexOf('/', name.length() - NAME_BYTES - 1);
        if (name.length() > NAME_BYTES && (cut < 0 || cut > PREFIX_BYTES)) {
            throw new IOException("the name " + name + " is too long for an archive");
        }
        put(block, 0, name.substring(cut + 1));
        put(block, NAME_BYTES, octal(mode, 7));
        put(block, 108, octal(0, 7));
        put(block, 116, octal(0, 7));
        put(block, 124, octal(size, 11));
        put(block, 136, octal(0, 11));
        Arrays.fill(block, SUM_AT, SUM_AT + SUM_BYTES, (byte) ' ');
        block[156] = '0';
        put(block, 257, "ustar\u000000");
        if (cut > 0) {
            put(block, PREFIX_AT, name.substring(0, cut));
        }
        int sum = 0;
        for (byte value : block) {
            sum += value & 0xFF;
        }
        put(block, SUM_AT, octal(sum, 6) + "\u0000 ");
        out.write(block);
    }

    private static void put(byte[] block, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, block, at, bytes.length);
    }

    private static String octal(long value, int digits) {
        return String.format(Locale.ROOT, "%0" + digits + "o", value);
    }

    private void pad(long size) throws IOException {
        out.write(new byte[(int) (-size & BLOCK - 1)]);
    }

    @Override
    public void close() throws IOException {
        try (out) {
            out.write(new byte[2 * BLOCK]);
        }
    }
}
