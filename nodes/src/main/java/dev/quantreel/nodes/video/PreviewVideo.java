package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoOptions;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.Video;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;

/// Plays a clip on the node without keeping it.
@NodeType(
        id = "PreviewVideo",
        title = "Preview Video",
        category = "video",
        description = "Plays frames on the node. The file lies in the temp folder, which is emptied when the server"
                + " starts; use Save Video to keep it.",
        output = true,
        aliases = {"Preview Image", "play"})
public final class PreviewVideo implements Node<PreviewVideo.Inputs, PreviewVideo.Outputs> {

    /// See [PreviewVideo].
    public record Inputs(
            @In(help = "Frames to play.") Pictures images,

            @In(help = "Frames per second.", initial = "16", min = 0.1, max = 240, step = 0.5)
            double fps) {}

    /// See [PreviewVideo].
    public record Outputs(@Out(help = "The clip.") Video video) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws IOException {
        Frames frames = in.images().frames();
        SaveNames names = SaveNames.of(
                context.folders().temp(),
                "preview",
                new SaveNames.Size(frames.width(), frames.height()),
                LocalDateTime.now());
        List<Path> files = new ClipSaver(names, UiItem.Root.TEMP, in.fps(), VideoOptions.DEFAULT_QUALITY, 0)
                .save(frames, FileKind.MP4, context);
        return new Outputs(new Video(frames, in.fps(), files));
    }
}
