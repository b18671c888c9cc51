package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import java.util.Optional;

/// Makes an empty latent of a video's size.
@NodeType(
        id = "EmptyVideoLatent",
        title = "Empty Video Latent",
        category = "sampling",
        description = "Sets the size and length of the video to generate. What fits depends on the model: Wan 2.1 and"
                + " HunyuanVideo take multiples of 16 pixels and 1, 5, 9, 13, ... frames, because one latent frame"
                + " stands for four pictures after the first; Wan 2.2 5B multiples of 32; LTX-Video multiples of 32 and"
                + " 1, 9, 17, ... frames. Connect the model, or say which it is.",
        aliases = {"EmptyHunyuanLatentVideo", "EmptyLTXVLatentVideo", "size", "frames", "resolution"})
public final class EmptyVideoLatent implements Node<EmptyVideoLatent.Inputs, EmptyVideoLatent.Outputs> {

    /// Which latent is wanted where no model is connected.
    public enum Space {
        /// See [LatentSpace#WAN_21].
        WAN_21(LatentSpace.WAN_21),
        /// See [LatentSpace#WAN_22].
        WAN_22(LatentSpace.WAN_22),
        /// See [LatentSpace#HUNYUAN_VIDEO].
        HUNYUAN_VIDEO(LatentSpace.HUNYUAN_VIDEO),
        /// See [LatentSpace#HUNYUAN_VIDEO_15].
        HUNYUAN_VIDEO_15(LatentSpace.HUNYUAN_VIDEO_15),
        /// See [LatentSpace#LTX_VIDEO].
        LTX_VIDEO(LatentSpace.LTX_VIDEO),
        /// See [LatentSpace#COG_VIDEO_X].
        COG_VIDEO_X(LatentSpace.COG_VIDEO_X),
        /// See [LatentSpace#STABLE_DIFFUSION].
        STABLE_DIFFUSION(LatentSpace.STABLE_DIFFUSION);

        private final LatentSpace space;

        Space(LatentSpace space) {
            this.space = space;
        }

        @Override
        public String toString() {
            return space.title();
        }
    }

    /// See [EmptyVideoLatent].
    public record Inputs(
            @In(help = "Width, pixels.", initial = "64", min = 16, max = 4096, step = 16)
            int width,

            @In(help = "Height, pixels.", initial = "64", min = 16, max = 4096, step = 16)
            int height,

            @In(
                    help = "Number of frames: 1, 5, 9, 13, ... The demo model makes 13, Wan 81.",
                    initial = "13",
                    min = 1,
                    max = 1025,
                    step = 4)
            int frames,

            @In(
                    help = "Which model's latent it is; of no effect where a model is connected.",
                    initial = "Wan 2.1",
                    advanced = true)
            Space space,

            @In(help = "The model that will sample it, which tells what fits.")
            Optional<DiffusionModel> model) {

        public Inputs {
            size(width, height, frames, space, model);
        }

        private static LatentSize size(int width, int height, int frames, Space space, Optional<DiffusionModel> model) {
            return new ClipGrid(space(space, model), model.map(DiffusionModel::facts)).size(width, height, frames);
        }

        private static LatentSpace space(Space space, Optional<DiffusionModel> model) {
            return model.map(chosen -> chosen.facts().latent().space()).orElse(space.space);
        }
    }

    /// See [EmptyVideoLatent].
    public record Outputs(
            @Out(help = "Zeros of the video's size.") Latent latent) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        LatentSpace space = Inputs.space(in.space(), in.model());
        LatentSize size = Inputs.size(in.width(), in.height(), in.frames(), in.space(), in.model());
        int channels =
                in.model().map(model -> model.facts().latent().channels()).orElse(space.channels());
        Shape shape = Shape.of(1, channels, size.frames(), size.height(), size.width());
        return new Outputs(new Latent(Tensor.zeros(DType.F32, shape), Optional.of(space), 0));
    }
}
