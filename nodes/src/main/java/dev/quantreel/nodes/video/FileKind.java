package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.VideoFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The choices of the format widget.
public enum FileKind {
    /// See [VideoFormat#MP4].
    MP4("mp4 (H.264)", VideoFormat.MP4),
    /// See [VideoFormat#WEBM].
    WEBM("webm (VP9)", VideoFormat.WEBM),
    /// See [VideoFormat#WEBP].
    WEBP("animated WebP", VideoFormat.WEBP),
    /// See [VideoFormat#GIF].
    GIF("GIF", VideoFormat.GIF),
    /// One picture per frame, exact.
    PNG("PNG frames", null);

    private final String label;
    private final @Nullable VideoFormat format;

    FileKind(String label, @Nullable VideoFormat format) {
        this.label = label;
        this.format = format;
    }

    /// The movie format; empty for PNG frames.
    public Optional<VideoFormat> movie() {
        return Optional.ofNullable(format);
    }

    @Override
    public String toString() {
        return label;
    }
}
