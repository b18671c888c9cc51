package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoException;
import dev.quantreel.engines.video.VideoReader;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.ModelFile;
import dev.quantreel.nodes.values.Pictures;
import java.io.IOException;
import java.nio.file.Path;

/// Loads a picture.
@NodeType(
        id = "LoadImage",
        title = "Load Image",
        category = "video",
        description =
                "Loads a picture (PNG, JPEG, WebP or BMP) from the input folder, for example as the first frame of a"
                        + " video. Transparency is ignored.",
        aliases = {"image", "png", "jpeg", "webp", "first frame"})
public final class LoadImage implements Node<LoadImage.Inputs, LoadImage.Outputs> {

    /// See [LoadImage].
    public record Inputs(
            @In(help = "A picture in the input folder.", options = ImageFiles.class)
            String image) {}

    /// See [LoadImage].
    public record Outputs(
            @Out(help = "The picture, as a clip of one frame.")
            Pictures image) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws IOException {
        Path file = context.folders().resolve("image", "input", in.image());
        try {
            Frames frames = new VideoReader().read(file).frames();
            context.status(in.image() + ": " + frames.width() + " x " + frames.height() + " pixels"
                    + (frames.count() > 1 ? ", the first of " + frames.count() + " frames" : ""));
            return new Outputs(new Pictures(frames.clip(0, 1)));
        } catch (VideoException e) {
            throw new NodeInputException(
                    "image",
                    "is '" + in.image() + "', which is no picture that can be read (" + e.getMessage()
                            + "); accepted are PNG, JPEG, WebP and BMP",
                    e);
        }
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return ModelFile.stamp(
                folders.resolve("image", "input", constants.string("image").orElse("")));
    }
}
