package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Makes the extents of a latent whole multiples of the patch, as ComfyUI does: the missing rows and
/// columns repeat the first ones (circular padding), and are cut off the result.
final class LatentPadding {

    private LatentPadding() {}

    /// @param latent F32 `[1, channels, frames, height, width]`
    /// @return the latent itself when nothing is missing
    static Tensor pad(Tensor latent, TransformerFacts.Patch patch) {
        return resize(latent, LatentSize.of(latent).padded(patch));
    }

    /// @return the first frames, rows and columns; the latent itself when it has that size
    static Tensor crop(Tensor latent, int frames, int height, int width) {
        return resize(latent, new LatentSize(frames, height, width));
    }

    /// Both latents' channels, one after the other; sizes are equal.
    static Tensor concatenated(Tensor latent, Tensor channels) {
        Shape shape = latent.shape();
        if (!LatentSize.of(latent).equals(LatentSize.of(channels))) {
            throw new IllegalArgumentException("the image was encoded for a latent of " + channels.shape()
                    + ", but the latent is " + shape + "; frames, height and width must be equal");
        }
        long count = shape.dim(1) + channels.shape().dim(1);
        Tensor joined = Tensor.zeros(DType.F32, Shape.of(1, count, shape.dim(2), shape.dim(3), shape.dim(4)));
        long bytes = latent.data().byteSize();
        MemorySegment.copy(latent.data(), 0, joined.data(), 0, bytes);
        MemorySegment.copy(
                channels.data(), 0, joined.data(), bytes, channels.data().byteSize());
        return joined;
    }

    private static Tensor resize(Tensor latent, LatentSize size) {
        LatentSize old = LatentSize.of(latent);
        if (old.equals(size)) {
            return latent;
        }
        long channels = latent.shape().dim(1);
        Tensor resized = Tensor.zeros(DType.F32, Shape.of(1, channels, size.frames(), size.height(), size.width()));
        long rowBytes = (long) size.width() * Float.BYTES;
        long common = Math.min(rowBytes, (long) old.width() * Float.BYTES);
        long target = 0;
        for (long channel = 0; channel < channels; channel++) {
            for (int frame = 0; frame < size.frames(); frame++) {
                for (int y = 0; y < size.height(); y++) {
                    long plane = channel * old.frames() + frame % old.frames();
                    long source = (plane * old.height() + y % old.height()) * old.width() * Float.BYTES;
                    MemorySegment.copy(latent.data(), source, resized.data(), target, common);
                    MemorySegment.copy(latent.data(), source, resized.data(), target + common, rowBytes - common);
                    target += rowBytes;
                }
            }
        }
        return resized;
    }
}
