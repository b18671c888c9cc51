package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.Frames;
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
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/// Reads a picture.
@NodeType(
        id = "LoadImage",
        title = "Load Image",
        category = "video",
        description = "Reads a picture (PNG, JPEG, GIF or BMP) from the folder input, for image to video.",
        aliases = {"picture", "start image", "upload"})
public final class LoadImage implements Node<LoadImage.Inputs, LoadImage.Outputs> {

    private static final String FOLDER = "input";

    /// See [LoadImage].
    public record Inputs(
            @In(help = "A picture in the folder input.", folder = FOLDER)
            String image) {}

    /// See [LoadImage].
    public record Outputs(@Out(help = "The picture.") Pictures image) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        Path path = context.folders().resolve("image", FOLDER, in.image());
        BufferedImage image = ImageIO.read(path.toFile());
        if (image == null) {
            throw new NodeInputException(
                    "image", "is '" + in.image() + "', which is no picture; accepted are PNG, JPEG, GIF and BMP files");
        }
        byte[] rgb = new byte[image.getWidth() * image.getHeight() * 3];
        int at = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int pixel = image.getRGB(x, y);
                rgb[at++] = (byte) (pixel >> 16);
                rgb[at++] = (byte) (pixel >> 8);
                rgb[at++] = (byte) pixel;
            }
        }
        return new Outputs(new Pictures(Frames.ofBytes(1, image.getHeight(), image.getWidth(), rgb)));
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return ModelFile.stamp(
                folders.resolve("image", FOLDER, constants.string("image").orElse("")));
    }
}
