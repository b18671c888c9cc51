package dev.quantreel.engines.video;

import dev.quantreel.engines.runtime.CancellationToken;
import java.io.IOException;
import java.nio.file.Path;

/// Writes clips: MP4, WebM, animated WebP and GIF through FFmpeg, pictures as PNG in plain Java.
///
/// Frames are encoded one at a time. A file appears under its name only when complete; a full disk, a cancellation or
/// an encoder's failure leaves nothing behind. Stateless, thread-safe.
public final class VideoWriter {

    private final AtomicFile.Opener opener;

    public VideoWriter() {
        this(AtomicFile.FILES);
    }

    VideoWriter(AtomicFile.Opener opener) {
        this.opener = opener;
    }

    /// Encodes `frames` into `target`, replacing it.
    ///
    /// Pictures with an odd side get one black row or column in MP4 and WebM, whose colour planes are halved.
    ///
    /// @throws VideoException when it cannot be written; the message names the file and the reason
    /// @throws java.util.concurrent.CancellationException when cancelled between two frames
    public void write(Frames frames, Path target, VideoOptions options, CancellationToken cancellation)
            throws VideoException {
        AtomicFile.write(target, opener, (channel, file) -> {
            try (MovieEncoder encoder = open(frames, options, new MovieEncoder.Target(channel, file))) {
                encode(frames, encoder, cancellation);
            }
            switch (options.format()) {
                case WEBP -> WebpMetadata.embed(channel, options.metadata());
                case GIF -> GifMetadata.embed(channel, options.metadata());
                case MP4, WEBM -> {}
            }
        });
    }

    private static MovieEncoder open(Frames frames, VideoOptions options, MovieEncoder.Target target)
            throws IOException {
        try {
            return new MovieEncoder(options, frames.width(), frames.height(), target);
        } catch (LinkageError e) {
            throw new VideoException("FFmpeg's native library does not load on this platform: " + e.getMessage(), e);
        }
    }

    private static void encode(Frames frames, MovieEncoder encoder, CancellationToken cancellation) throws IOException {
        for (int i = 0; i < frames.count(); i++) {
            cancellation.throwIfCancelled();
            encoder.add(frames.rgb24(i));
        }
        encoder.finish();
    }

    /// Writes one picture as PNG with the metadata of `options` as text chunks; its scale is used, the rest ignored.
    ///
    /// @throws VideoException when it cannot be written
    public void writePng(Frames frames, int index, Path target, VideoOptions options) throws VideoException {
        AtomicFile.write(target, opener, (channel, file) -> PngFile.write(frames, index, options, channel));
    }
}
