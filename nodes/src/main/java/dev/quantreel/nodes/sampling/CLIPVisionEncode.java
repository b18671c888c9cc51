package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.vision.ImageCrop;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.VisionFeatures;
import dev.quantreel.nodes.values.VisionModel;

/// Encodes a picture for models that read what CLIP sees.
@NodeType(
        id = "CLIPVisionEncode",
        title = "CLIP Vision Encode",
        category = "sampling",
        description = "Looks at the first picture with CLIP or SigLIP: vectors that Wan 2.1's (CLIP) and HunyuanVideo"
                + " 1.5's (SigLIP) image-to-video models read beside the prompt. Connect to Image To Video.",
        aliases = {"image features", "CLIP", "SigLIP"})
public final class CLIPVisionEncode implements Node<CLIPVisionEncode.Inputs, CLIPVisionEncode.Outputs> {

    /// How a picture becomes square.
    public enum Crop {
        /// See [ImageCrop#CENTER].
        CENTER("center", ImageCrop.CENTER),
        /// See [ImageCrop#NONE].
        NONE("none", ImageCrop.NONE);

        private final String label;
        private final ImageCrop crop;

        Crop(String label, ImageCrop crop) {
            this.label = label;
            this.crop = crop;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [CLIPVisionEncode].
    public record Inputs(
            @In(help = "The encoder, from Load CLIP Vision.")
            VisionModel clipVision,

            @In(help = "The picture; of several the first.") Pictures image,

            @In(
                    help =
                            "How it becomes square: center keeps the middle, as CLIP was trained; none squeezes the whole"
                                    + " picture, as Wan and HunyuanVideo 1.5 do.",
                    initial = "center")
            Crop crop) {}

    /// See [CLIPVisionEncode].
    public record Outputs(
            @Out(help = "What CLIP saw, for Image To Video.")
            VisionFeatures clipVisionOutput) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        return new Outputs(new VisionFeatures(
                in.clipVision().open(context).encode(in.image().frames(), 0, in.crop().crop, context.cancellation())));
    }
}
