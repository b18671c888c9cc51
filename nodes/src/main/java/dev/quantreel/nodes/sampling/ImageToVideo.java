package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.StartImage;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.engines.vae.VaeEncoder;
import dev.quantreel.engines.vae.VaeTraits;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.vision.PictureFit;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TileCheck;
import dev.quantreel.nodes.values.VideoDecoder;
import dev.quantreel.nodes.values.VisionFeatures;
import java.util.Optional;

/// Prepares a generation that starts from a picture.
@NodeType(
        id = "ImageToVideo",
        title = "Image To Video",
        category = "sampling",
        description = "Lets a video start from a picture: adds to both prompts what the model reads of it and makes the"
                + " empty latent of the clip. Wan 2.1 I2V reads mask, latent and CLIP vision; Wan 2.2 I2V mask and"
                + " latent; Wan 2.2 5B and LTX-Video have the picture as their first latent frame; HunyuanVideo 1.5 I2V latent and"
                + " mask, and what SigLIP sees where it is connected; CogVideoX I2V the latent."
                + " The picture is cropped to the clip's proportions.",
        aliases = {"WanImageToVideo", "Wan22ImageToVideoLatent", "HunyuanVideo15ImageToVideo", "I2V", "start image"})
public final class ImageToVideo implements Node<ImageToVideo.Inputs, ImageToVideo.Outputs> {

    /// See [ImageToVideo].
    public record Inputs(
            @In(help = "Model that will sample; an image-to-video one.")
            DiffusionModel model,

            @In(help = "What the video shows.") Conditioning positive,

            @In(help = "VAE that belongs to the model, with an encoder.")
            VideoDecoder vae,

            @In(help = "The pictures to start with, usually one.")
            Pictures startImage,

            @In(help = "Width of the video, pixels.", initial = "832", min = 16, max = 4096, step = 16)
            int width,

            @In(help = "Height of the video, pixels.", initial = "480", min = 16, max = 4096, step = 16)
            int height,

            @In(help = "Number of frames: 1, 5, 9, 13, ...", initial = "81", min = 1, max = 1025, step = 4)
            int frames,

            @In(help = "What guidance leads away from; not needed when cfg is 1.")
            Optional<Conditioning> negative,

            @In(help = "What CLIP sees in the picture, which Wan 2.1 I2V needs, or SigLIP, for HunyuanVideo 1.5 I2V.")
            Optional<VisionFeatures> clipVisionOutput) {}

    /// See [ImageToVideo].
    public record Outputs(
            @Out(help = "The prompt with the picture.") Conditioning positive,

            @Out(help = "The negative prompt with the picture; the positive one where none was given.")
            Conditioning negative,

            @Out(help = "The latent of the clip, for Sample Video.")
            Latent latent) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        TransformerFacts facts = in.model().facts();
        TransformerFacts.Latent latent = facts.latent();
        LatentSize size = new ClipGrid(latent.space(), Optional.of(facts)).size(in.width(), in.height(), in.frames());
        Frames pictures = in.startImage().frames();
        Frames start = PictureFit.of(pictures, Math.min(pictures.count(), in.frames()), in.height(), in.width());
        StartImage.Prepared prepared = prepared(in, new StartImage(facts, size), start, context);
        Tensor samples = prepared.latent()
                .orElseGet(() -> Tensor.zeros(
                        DType.F32, Shape.of(1, latent.channels(), size.frames(), size.height(), size.width())));
        Conditioning positive = in.positive().with(prepared.image());
        return new Outputs(
                positive,
                in.negative().map(prompt -> prompt.with(prepared.image())).orElse(positive),
                new Latent(
                        samples, Optional.of(latent.space()), prepared.image().knownFrames()));
    }

    private static StartImage.Prepared prepared(Inputs in, StartImage image, Frames start, NodeContext context)
            throws Exception {
        TransformerFacts facts = image.facts();
        if (facts.latent().image() == TransformerFacts.Image.NONE) {
            throw new NodeInputException(
                    "model",
                    "is " + facts.variant() + ", which makes videos from text alone; accepted is an image-to-video"
                            + " model, such as Wan 2.1 I2V, Wan 2.2 I2V or TI2V-5B, HunyuanVideo 1.5 I2V, LTX-Video, CogVideoX I2V");
        }
        if (facts.latent().image() == TransformerFacts.Image.CHANNELS_AND_FEATURES
                && in.clipVisionOutput().isEmpty()) {
            throw new NodeInputException(
                    "clipVisionOutput",
                    "is not connected, but " + facts.variant()
                            + " reads what CLIP sees; connect CLIP Vision Encode with clip_vision_h.safetensors");
        }
        try {
            VaeEncoder encoder = in.vae().openEncoder(context);
            requireFitting(encoder.traits(), in, facts.latent().space());
            return image.of(
                    start,
                    pictures -> VideoDecoder.encode(
                            encoder, pictures, DecodeOptions.AUTO, new TileCheck.Ports("width", ""), context),
                    in.clipVisionOutput().map(VisionFeatures::features));
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("vae", "is " + in.vae().file().name() + "; " + e.getMessage(), e);
        }
    }

    private static void requireFitting(VaeTraits vae, Inputs in, LatentSpace space) {
        if (!vae.fits(space)) {
            throw new NodeInputException(
                    "vae",
                    "is " + in.vae().file().name() + " (" + vae.family() + " for " + vae.pairsWith() + "), but "
                            + in.model().file().name() + " works in latents of " + space.title() + "; accepted is "
                            + space.decoders());
        }
    }
}
