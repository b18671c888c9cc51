package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.util.Arrays;
import java.util.Optional;

/// Turns the pictures a clip starts with into what an image-to-video model reads beside the latent.
///
/// Wan's models read 4 mask channels (1 where the latent frame is known) and the latent of a clip whose unknown
/// pictures are grey; HunyuanVideo 1.5 the latent of the pictures alone, followed by zeros, and one mask channel; Wan
/// 2.2 5B and LTX-Video have the latent of the pictures put into the clip itself.
///
/// @param facts of the model
/// @param size of the clip, in cells
public record StartImage(TransformerFacts facts, LatentSize size) {

    private static final int WAN_MASKS = 4;
    private static final float GREY = 0.5f;

    /// A VAE's way from pictures to a latent as the transformer sees it.
    @FunctionalInterface
    public interface Encoder {

        /// @param pictures one more than a multiple of the VAE's pictures per latent frame
        /// @return F32 `[1, channels, frames, height, width]`
        Tensor encode(Frames pictures);
    }

    /// What the model needs.
    ///
    /// @param image for both branches of guidance
    /// @param latent the first frames, where they are part of the clip itself
    public record Prepared(BranchConditioning.Image image, Optional<Tensor> latent) {}

    /// @param start pictures in the size of the clip, at most as many as it has
    /// @param features of the first of them, where the model reads some
    /// @throws IllegalArgumentException when the model reads no image, or in a way that is not known
    public Prepared of(Frames start, Encoder encoder, Optional<Tensor> features) {
        TransformerFacts.Latent latent = facts.latent();
        int additional = latent.inChannels() - latent.channels();
        return switch (latent.image()) {
            case NONE ->
                throw new IllegalArgumentException(facts.variant()
                        + " makes videos from text alone; accepted is an image-to-video model, such as Wan 2.1 I2V,"
                        + " Wan 2.2 I2V or TI2V-5B, HunyuanVideo 1.5 I2V, LTX-Video, CogVideoX I2V");
            case CHANNELS, OPTIONAL_CHANNELS, CHANNELS_AND_FEATURES -> {
                int masks = additional - latent.channels();
                Tensor channels =
                        switch (masks) {
                            case WAN_MASKS -> joined(masks, start.count(), encoder.encode(filledUp(start)));
                            case 0 -> longer(encoder.encode(whole(start)));
                            case 1 -> joined(masks, start.count(), longer(encoder.encode(whole(start))));
                            default ->
                                throw new IllegalArgumentException(facts.variant() + " reads " + additional
                                        + " channels of an image, expected those of a latent and 0, 1 or 4 masks");
                        };
                yield new Prepared(new BranchConditioning.Image(Optional.of(channels), features, 0), Optional.empty());
            }
            case FIRST_FRAME -> {
                Tensor known = encoder.encode(whole(start));
                int frames = LatentSize.of(known).frames();
                yield new Prepared(
                        new BranchConditioning.Image(Optional.empty(), Optional.empty(), frames),
                        Optional.of(longer(known)));
            }
        };
    }

    private LatentSpace space() {
        return facts.latent().space();
    }

    /// The pictures, followed by grey ones up to the length of the clip.
    private Frames filledUp(Frames start) {
        Shape picture = start.rgb().shape();
        Tensor all = Tensor.zeros(
                DType.F32, Shape.of(space().pictures(size.frames()), picture.dim(1), picture.dim(2), picture.dim(3)));
        long known = start.rgb().data().byteSize();
        all.data().asSlice(0, known).copyFrom(start.rgb().data());
        for (long at = known; at < all.data().byteSize(); at += Float.BYTES) {
            all.data().set(Tensor.FLOAT, at, GREY);
        }
        return new Frames(all);
    }

    /// As many of the pictures as make whole latent frames.
    private Frames whole(Frames start) {
        int count = space().pictures(space().frames(start.count()));
        Shape picture = start.rgb().shape();
        Shape shape = Shape.of(count, picture.dim(1), picture.dim(2), picture.dim(3));
        return new Frames(
                new Tensor(DType.F32, shape, start.rgb().data().asSlice(0, DType.F32.byteSize(shape.elements()))));
    }

    /// A latent of the clip's length that goes on with zeros.
    private Tensor longer(Tensor known) {
        requirePlane(known);
        long channels = known.shape().dim(1);
        long planeBytes = 4L * size.height() * size.width();
        Tensor all = Tensor.zeros(DType.F32, Shape.of(1, channels, size.frames(), size.height(), size.width()));
        long given = known.shape().dim(2) * planeBytes;
        for (long channel = 0; channel < channels; channel++) {
            all.data()
                    .asSlice(channel * size.frames() * planeBytes, given)
                    .copyFrom(known.data().asSlice(channel * given, given));
        }
        return all;
    }

    /// Masks and latent, in the order in which the family reads them: Wan has the masks first, HunyuanVideo last.
    private Tensor joined(int masks, int pictures, Tensor latent) {
        requirePlane(latent);
        int known = (pictures - 1) / space().temporalFactor() + 1;
        int plane = size.height() * size.width();
        float[] mask = new float[masks * size.frames() * plane];
        for (int i = 0; i < masks; i++) {
            Arrays.fill(mask, i * size.frames() * plane, (i * size.frames() + known) * plane, 1);
        }
        Tensor masked = Tensor.of(Shape.of(1, masks, size.frames(), size.height(), size.width()), mask);
        return masks == WAN_MASKS
                ? LatentPadding.concatenated(masked, latent)
                : LatentPadding.concatenated(latent, masked);
    }

    private void requirePlane(Tensor latent) {
        LatentSize encoded = LatentSize.of(latent);
        boolean fits = latent.shape().dim(1) == facts.latent().channels()
                && encoded.height() == size.height()
                && encoded.width() == size.width()
                && encoded.frames() <= size.frames();
        if (!fits) {
            throw new IllegalArgumentException("the VAE encoded the image to a latent of " + latent.shape() + ", but "
                    + facts.variant() + " reads " + facts.latent().channels() + " channels of " + size.height() + " x "
                    + size.width() + " cells: use the VAE that belongs to it, "
                    + space().decoders());
        }
    }
}
