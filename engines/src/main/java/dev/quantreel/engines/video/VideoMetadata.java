package dev.quantreel.engines.video;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVDictionaryEntry;
import org.bytedeco.ffmpeg.global.avformat;
import org.bytedeco.ffmpeg.global.avutil;
import org.jspecify.annotations.Nullable;

/// Reads the texts embedded in a video or picture, by key in lower case: `prompt` and `workflow` in files that
/// ComfyUI or [VideoWriter] wrote. Reads headers only, decodes nothing.
public final class VideoMetadata {

    private static final String PNG = "\u0089PNG";

    private VideoMetadata() {}

    /// @throws VideoException when the file is of no known kind
    /// @throws IOException when it cannot be read
    public static Map<String, String> read(Path file) throws IOException {
        byte[] head = head(file);
        String start = new String(head, StandardCharsets.ISO_8859_1);
        Map<String, String> found;
        if (start.startsWith(PNG)) {
            found = mapped(file, PngFile::metadata);
        } else if (start.startsWith("GIF8")) {
            found = mapped(file, GifMetadata::metadata);
        } else if (start.startsWith("RIFF") && start.startsWith("WEBP", 8)) {
            found = mapped(file, WebpMetadata::metadata);
        } else {
            found = container(file);
        }
        Map<String, String> lower = new LinkedHashMap<>();
        found.forEach((key, text) -> lower.put(key.toLowerCase(Locale.ROOT), text));
        return lower;
    }

    private static byte[] head(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            return in.readNBytes(16);
        }
    }

    private interface Parser {
        Map<String, String> parse(ByteBuffer file);
    }

    private static Map<String, String> mapped(Path file, Parser parser) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
            return parser.parse(bytes);
        } catch (IndexOutOfBoundsException e) {
            throw new VideoException("cannot read " + file + ": it is cut off", e);
        }
    }

    private static Map<String, String> container(Path file) throws VideoException {
        AVFormatContext context = new AVFormatContext(null);
        @Nullable AVDictionary none = null;
        Ffmpeg.check(
                avformat.avformat_open_input(context, file.toString(), null, none), "reading " + file + " as a video");
        try {
            Map<String, String> found = new LinkedHashMap<>();
            AVDictionaryEntry entry = avutil.av_dict_iterate(context.metadata(), null);
            while (entry != null) {
                found.put(
                        entry.key().getString(StandardCharsets.UTF_8),
                        entry.value().getString(StandardCharsets.UTF_8));
                entry = avutil.av_dict_iterate(context.metadata(), entry);
            }
            return found;
        } finally {
            avformat.avformat_close_input(context);
        }
    }
}
