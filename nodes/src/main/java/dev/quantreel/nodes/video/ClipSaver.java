package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoFormat;
import dev.quantreel.engines.video.VideoOptions;
import dev.quantreel.engines.video.VideoWriter;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.UiItem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Saves a clip under the next free number, with the workflow inside, and shows it on the node.
///
/// @param names where to
/// @param root which root `names` lies in
/// @param framesPerSecond rate of movies
/// @param quality see [VideoOptions#quality]
/// @param scale see [VideoOptions#scale]; 0 chooses [VideoOptions#viewableScale]
record ClipSaver(SaveNames names, UiItem.Root root, double framesPerSecond, int quality, int scale) {

    /// @return the files written, one per frame for PNG
    List<Path> save(Frames frames, FileKind kind, NodeContext context) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>();
        context.workflow().prompt().ifPresent(text -> metadata.put("prompt", text));
        context.workflow().workflow().ifPresent(text -> metadata.put("workflow", text));
        int factor = scale == 0 ? VideoOptions.viewableScale(frames) : scale;
        VideoFormat format = kind.movie().orElse(VideoFormat.WEBP);
        VideoOptions options = new VideoOptions(format, framesPerSecond, quality, factor, metadata);
        int counter = names.nextCounter();
        return kind.movie().isPresent()
                ? List.of(movie(frames, options, counter, context))
                : pictures(frames, options, counter, context);
    }

    private Path movie(Frames frames, VideoOptions options, int counter, NodeContext context) throws IOException {
        String name = names.fileName(counter, options.format().extension());
        context.status("encoding " + frames.count() + " frames as " + name);
        Path file = names.folder().resolve(name);
        new VideoWriter().write(frames, file, options, context.cancellation());
        boolean movie = options.format() == VideoFormat.MP4 || options.format() == VideoFormat.WEBM;
        show(
                context,
                movie ? UiItem.Kind.VIDEO : UiItem.Kind.IMAGES,
                name,
                options.format().mediaType());
        return file;
    }

    private List<Path> pictures(Frames frames, VideoOptions options, int counter, NodeContext context)
            throws IOException {
        List<Path> written = new ArrayList<>();
        boolean complete = false;
        try {
            for (int i = 0; i < frames.count(); i++) {
                context.progress(i, frames.count());
                String name = names.fileName(counter + i, "png");
                new VideoWriter().writePng(frames, i, names.folder().resolve(name), options);
                written.add(names.folder().resolve(name));
            }
            complete = true;
        } finally {
            if (!complete) {
                for (Path file : written) {
                    Files.deleteIfExists(file);
                }
            }
        }
        context.progress(frames.count(), frames.count());
        written.forEach(
                file -> show(context, UiItem.Kind.IMAGES, file.getFileName().toString(), "image/png"));
        return written;
    }

    private void show(NodeContext context, UiItem.Kind kind, String name, String mediaType) {
        context.show(new UiItem.FileItem(kind, name, names.subfolder(), root, mediaType));
    }
}
