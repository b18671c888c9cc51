package dev.quantreel.engines.video;

/// A file format that holds a whole clip.
public enum VideoFormat {
    /// H.264 in MP4, encoded by OpenH264: plays everywhere.
    MP4("mp4", "video/mp4"),
    /// VP9 in WebM: smaller, free of patents.
    WEBM("webm", "video/webm"),
    /// Animated WebP: loops in chats and browsers, full colour.
    WEBP("webp", "image/webp"),
    /// GIF with one palette of 256 colours for the clip.
    GIF("gif", "image/gif");

    private final String extension;
    private final String mediaType;

    VideoFormat(String extension, String mediaType) {
        this.extension = extension;
        this.mediaType = mediaType;
    }

    /// Extension without dot.
    public String extension() {
        return extension;
    }

    /// MIME type.
    public String mediaType() {
        return mediaType;
    }
}
