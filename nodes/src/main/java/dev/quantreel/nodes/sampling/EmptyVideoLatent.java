package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Latent;

/// Makes an empty latent of a video's size.
@NodeType(
        id = "EmptyVideoLatent",
        title = "Empty Video Latent",
        category = "sampling",
        description = "Sets the size and length of the video to generate. Width and height are multiples of 16 pixels;"
                + " the number of frames is one more than a multiple of 4 (1, 5, 9, 13, ...), because one latent frame"
                + " stands for four pictures after the first.",
        aliases = {"EmptyHunyuanLatentVideo", "size", "frames", "resolution"})
public final class EmptyVideoLatent implements Node<EmptyVideoLatent.Inputs, EmptyVideoLatent.Outputs> {

    private static final int PIXELS_PER_CELL = 8;
    private static final int PIXELS_PER_PATCH = 16;
    private static final int FRAMES_PER_LATENT = 4;

    /// See [EmptyVideoLatent].
    public record Inputs(
            @In(help = "Width, pixels; a multiple of 16.", initial = "64", min = 16, max = 4096, step = 16)
            int width,

            @In(help = "Height, pixels; a multiple of 16.", initial = "64", min = 16, max = 4096, step = 16)
            int height,

            @In(
                    help = "Number of frames: 1, 5, 9, 13, ... The demo model makes 13, Wan 81.",
                    initial = "13",
                    min = 1,
                    max = 1025,
                    step = 4)
            int frames,

            @In(help = "Channels of the latent; 16 for Wan 2.1.", initial = "16", min = 1, max = 128, advanced = true)
            int channels) {

        public Inputs {
            requireMultiple("width", width);
            requireMultiple("height", height);
            if (frames % FRAMES_PER_LATENT != 1) {
                int below = Math.max(1, (frames - 1) / FRAMES_PER_LATENT * FRAMES_PER_LATENT + 1);
                throw new NodeInputException(
                        "frames",
                        "is " + frames + "; accepted is one more than a multiple of 4, the nearest are " + below
                                + " and " + (below + FRAMES_PER_LATENT));
            }
        }

        private static void requireMultiple(String port, int value) {
            if (value % PIXELS_PER_PATCH != 0) {
                int below = value / PIXELS_PER_PATCH * PIXELS_PER_PATCH;
                throw new NodeInputException(
                        port,
                        "is " + value + "; accepted are multiples of 16, the nearest are " + below + " and "
                                + (below + PIXELS_PER_PATCH));
            }
        }
    }

    /// See [EmptyVideoLatent].
    public record Outputs(
            @Out(help = "Zeros of the video's size.") Latent latent) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        Shape shape = Shape.of(
                1,
                in.channels(),
                (in.frames() - 1) / FRAMES_PER_LATENT + 1,
                in.height() / PIXELS_PER_CELL,
                in.width() / PIXELS_PER_CELL);
        return new Outputs(new Latent(Tensor.zeros(DType.F32, shape)));
    }
}
