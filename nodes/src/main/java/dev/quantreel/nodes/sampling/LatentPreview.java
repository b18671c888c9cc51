package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.values.VideoDecoder;
import dev.quantreel.nodes.video.ClipPainter;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Shows the middle frame of a latent: decoded where a quick decoder is at hand, else three of its channels as
/// colours.
///
/// @param decoder decodes one latent frame, about the cost of one picture
record LatentPreview(Optional<VaeDecoder> decoder, NodeContext context) {

    private static final int SHOWN_PIXELS = 256;
    private static final int COLOURS = 3;

    static LatentPreview of(Optional<VideoDecoder> decoder, NodeContext context) throws Exception {
        return new LatentPreview(
                decoder.isPresent() ? Optional.of(decoder.get().open(context)) : Optional.empty(), context);
    }

    /// @param latent F32 `[1, channels, frames, height, width]`
    BufferedImage image(Tensor latent) {
        Tensor frame = middleFrame(latent);
        boolean decodable = decoder.isPresent()
                && decoder.get().traits().isQuick()
                && decoder.get().traits().latentChannels() == frame.shape().dim(1);
        Frames frames = decodable ? decoder.get().decode(frame, context.cancellation()) : colours(frame);
        int scale = Math.max(1, SHOWN_PIXELS / Math.max(frames.width(), frames.height()));
        return ClipPainter.image(frames, 0, scale);
    }

    private static Tensor middleFrame(Tensor latent) {
        Shape shape = latent.shape();
        long planeBytes = 4 * shape.dim(3) * shape.dim(4);
        long middle = shape.dim(2) / 2;
        Tensor frame = Tensor.zeros(DType.F32, Shape.of(1, shape.dim(1), 1, shape.dim(3), shape.dim(4)));
        for (long channel = 0; channel < shape.dim(1); channel++) {
            long source = (channel * shape.dim(2) + middle) * planeBytes;
            MemorySegment.copy(latent.data(), source, frame.data(), channel * planeBytes, planeBytes);
        }
        return frame;
    }

    /// The first three channels, each stretched to its range.
    private static Frames colours(Tensor frame) {
        int height = Math.toIntExact(frame.shape().dim(3));
        int width = Math.toIntExact(frame.shape().dim(4));
        int plane = height * width;
        float[] values = frame.toFloatArray();
        byte[] rgb = new byte[plane * COLOURS];
        for (int colour = 0; colour < COLOURS; colour++) {
            int channel = (int) Math.min(colour, frame.shape().dim(1) - 1);
            float low = Float.POSITIVE_INFINITY;
            float high = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < plane; i++) {
                low = Math.min(low, values[channel * plane + i]);
                high = Math.max(high, values[channel * plane + i]);
            }
            float range = high > low ? high - low : 1;
            for (int i = 0; i < plane; i++) {
                rgb[i * COLOURS + colour] = (byte) Math.round(255 * (values[channel * plane + i] - low) / range);
            }
        }
        return Frames.ofBytes(1, height, width, rgb);
    }
}
