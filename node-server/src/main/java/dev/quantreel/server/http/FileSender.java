package dev.quantreel.server.http;

import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sends files, whole or one range of bytes of them (RFC 9110, section 14).
final class FileSender {

    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");
    private static final String OCTETS = "application/octet-stream";
    /// Types a browser would execute in our origin.
    private static final Set<String> ACTIVE =
            Set.of("html", "htm", "xhtml", "js", "mjs", "css", "svg", "xml", "xsl", "pdf");
    private static final Map<String, String> TYPES = Map.ofEntries(
            Map.entry("html", "text/html; charset=utf-8"),
            Map.entry("js", "text/javascript; charset=utf-8"),
            Map.entry("mjs", "text/javascript; charset=utf-8"),
            Map.entry("css", "text/css; charset=utf-8"),
            Map.entry("json", "application/json"),
            Map.entry("map", "application/json"),
            Map.entry("txt", "text/plain; charset=utf-8"),
            Map.entry("md", "text/plain; charset=utf-8"),
            Map.entry("svg", "image/svg+xml"),
            Map.entry("png", "image/png"),
            Map.entry("jpg", "image/jpeg"),
            Map.entry("jpeg", "image/jpeg"),
            Map.entry("gif", "image/gif"),
            Map.entry("webp", "image/webp"),
            Map.entry("avif", "image/avif"),
            Map.entry("ico", "image/x-icon"),
            Map.entry("mp4", "video/mp4"),
            Map.entry("m4v", "video/mp4"),
            Map.entry("mov", "video/quicktime"),
            Map.entry("webm", "video/webm"),
            Map.entry("mkv", "video/x-matroska"),
            Map.entry("wav", "audio/wav"),
            Map.entry("flac", "audio/flac"),
            Map.entry("mp3", "audio/mpeg"),
            Map.entry("ogg", "audio/ogg"),
            Map.entry("wasm", "application/wasm"),
            Map.entry("woff", "font/woff"),
            Map.entry("woff2", "font/woff2"),
            Map.entry("ttf", "font/ttf"));

    private FileSender() {}

    private record Range(long first, long last) {
        long length() {
            return last - first + 1;
        }
    }

    /// Sends a file of a user: with its type if a browser only shows it, else as an attachment.
    static void sendResult(Context context, Path file) throws IOException {
        String name = name(file);
        boolean active = ACTIVE.contains(extension(name));
        String header = active && !"image".equals(context.header("Sec-Fetch-Dest")) ? "attachment; " : "";
        boolean asImage = active && header.isEmpty() && extension(name).equals("svg");
        context.header("Content-Disposition", header + dispositionName(name));
        context.header("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'");
        context.header("Cache-Control", "no-cache");
        send(context, file, active && !asImage ? OCTETS : contentType(name));
    }

    /// Sends a file of the page.
    static void sendPage(Context context, Path file) throws IOException {
        String name = name(file);
        boolean hashed = file.getParent() != null && file.getParent().endsWith("assets");
        String caching = hashed ? "public, max-age=31536000, immutable" : "no-cache";
        context.header("Cache-Control", name.equals("index.html") ? "no-store" : caching);
        send(context, file, contentType(name));
    }

    /// Sends a file, or the range of it that was asked for.
    static void send(Context context, Path file, String contentType) throws IOException {
        long size = Files.size(file);
        String tag = "\"" + Long.toHexString(Files.getLastModifiedTime(file).toMillis()) + "-" + Long.toHexString(size)
                + "\"";
        context.contentType(contentType).header("ETag", tag).header("Accept-Ranges", "bytes");
        if (tag.equals(context.header("If-None-Match"))) {
            context.status(304);
            return;
        }
        String wanted = context.header("Range");
        String condition = context.header("If-Range");
        boolean applies = wanted != null && (condition == null || condition.equals(tag));
        Matcher matcher = RANGE.matcher(applies && wanted != null ? wanted.strip() : "");
        if (!matcher.matches() || matcher.group(1).isEmpty() && matcher.group(2).isEmpty()) {
            body(context, file, new Range(0, size - 1), size);
            return;
        }
        Optional<Range> range = range(matcher.group(1), matcher.group(2), size);
        if (range.isEmpty()) {
            context.status(416).header("Content-Range", "bytes */" + size);
            return;
        }
        context.status(206)
                .header(
                        "Content-Range",
                        "bytes " + range.get().first() + "-" + range.get().last() + "/" + size);
        body(context, file, range.get(), size);
    }

    private static Optional<Range> range(String first, String last, long size) {
        if (first.isEmpty()) {
            long suffix = Math.min(Long.parseLong(last), size);
            return suffix == 0 ? Optional.empty() : Optional.of(new Range(size - suffix, size - 1));
        }
        long from = Long.parseLong(first);
        long to = last.isEmpty() ? size - 1 : Math.min(Long.parseLong(last), size - 1);
        return from >= size || to < from ? Optional.empty() : Optional.of(new Range(from, to));
    }

    private static void body(Context context, Path file, Range range, long size) throws IOException {
        boolean compressible = range.length() == size && context.header("Range") == null && isText(file);
        if (!compressible) {
            context.disableCompression();
            context.res().setContentLengthLong(range.length());
        }
        if (context.req().getMethod().equals("HEAD")) {
            return;
        }
        context.result(new Part(FileChannel.open(file, StandardOpenOption.READ), range.first(), range.length()));
    }

    private static boolean isText(Path file) {
        String type = contentType(name(file));
        return type.startsWith("text/") || type.equals("application/json") || type.equals("image/svg+xml");
    }

    static String contentType(String name) {
        return TYPES.getOrDefault(extension(name), OCTETS);
    }

    static boolean isActive(String name) {
        return ACTIVE.contains(extension(name));
    }

    private static String name(Path file) {
        Path name = file.getFileName();
        return name == null ? "" : name.toString();
    }

    private static String extension(String name) {
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    private static String dispositionName(String name) {
        String plain = name.replaceAll("[^\\x20-\\x7e]|[\"\\\\]", "_");
        String encoded = URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
        String extended = plain.equals(name) ? "" : "; filename*=UTF-8''" + encoded;
        return "filename=\"" + plain + "\"" + extended;
    }

    /// A part of a file; closes the file.
    private static final class Part extends InputStream {
        private final InputStream inner;
        private long left;

        Part(FileChannel channel, long offset, long length) throws IOException {
            channel.position(offset);
            this.inner = Channels.newInputStream(channel);
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            int value = left > 0 ? inner.read() : -1;
            left -= value >= 0 ? 1 : 0;
            return value;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (left <= 0) {
                return -1;
            }
            int count = inner.read(bytes, offset, (int) Math.min(length, left));
            left -= Math.max(count, 0);
            return count;
        }

        @Override
        public void close() throws IOException {
            inner.close();
        }
    }
}
