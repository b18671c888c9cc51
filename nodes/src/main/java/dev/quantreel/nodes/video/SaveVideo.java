package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.Frames;
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

/// Writes a clip into the output folder.
@NodeType(
        id = "SaveVideo",
        title = "Save Video",
        category = "video",
        description =
                "Writes frames as a video file into the output folder, with the workflow inside: dropping the file"
                        + " on the canvas brings the workflow back. MP4 (H.264) plays everywhere, WebM (VP9) is smaller,"
                        + " animated WebP and GIF loop in chats, PNG frames are exact. A file appears only when it is complete.",
        output = true,
        aliases = {"Save Animated WEBP", "Video Combine", "mp4", "webm", "gif", "export video"})
public final class SaveVideo implements Node<SaveVideo.Inputs, SaveVideo.Outputs> {

    /// See [SaveVideo].
    public record Inputs(
            @In(help = "Frames to save, for example from Decode VAE.")
            Pictures images,

            @In(
                    help = "Name below the output folder; a counter and the extension are added. Folders with '/',"
                            + " %date%, %width% and %height% are replaced.",
                    initial = "video/quantreel")
            String filenamePrefix,

            @In(help = "Container and codec.", initial = "mp4 (H.264)")
            FileKind format,

            @In(help = "Frames per second. Wan models make 16.", initial = "16", min = 0.1, max = 240, step = 0.5)
            double fps,

            @In(
                    help = "1 (small) to 100 (close to lossless). GIF and PNG ignore it.",
                    initial = "90",
                    min = 1,
                    max = 100)
            int quality,

            @In(
                    help = "Each pixel is repeated this many times in both directions; 0 chooses 4 for clips below"
                            + " 128 pixels and 1 otherwise.",
                    initial = "0",
                    min = 0,
                    max = 16,
                    advanced = true)
            int scale) {}

    /// See [SaveVideo].
    public record Outputs(@Out(help = "The saved clip.") Video video) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws IOException {
        Frames frames = in.images().frames();
        SaveNames names = SaveNames.of(
                context.folders().output(),
                in.filenamePrefix(),
                new SaveNames.Size(frames.width(), frames.height()),
                LocalDateTime.now());
        List<Path> files = new ClipSaver(names, UiItem.Root.OUTPUT, in.fps(), in.quality(), in.scale())
                .save(frames, in.format(), context);
        return new Outputs(new Video(frames, in.fps(), files));
    }
}
