package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Makes the height and width of a latent whole multiples of the patch, as ComfyUI does: the missing rows and
/// columns repeat the first ones (circular padding), and are cut off the result.
final class LatentPadding {

    private LatentPadding() {}

    /// @param latent F32 `[1, channels, frames, height, width]`
    /// @return the latent itself when nothing is missing
    static Tensor pad(Tensor latent) {
        int height = Math.toIntExact(latent.shape().dim(3));
        int width = Math.toIntExact(latent.shape().dim(4));
        return resize(latent, even(height), even(width));
    }

    /// @return the upper left `height` x `width` cells; the latent itself when it has that size
    static Tensor crop(Tensor latent, int height, int width) {
        return resize(latent, height, width);
    }

    private static Tensor resize(Tensor latent, int height, int width) {
        Shape shape = latent.shape();
        long oldHeight = shape.dim(3);
        long oldWidth = shape.dim(4);
        if (oldHeight == height && oldWidth == width) {
            return latent;
        }
        long planes = shape.dim(1) * shape.dim(2);
        Tensor resized = Tensor.zeros(DType.F32, Shape.of(1, shape.dim(1), shape.dim(2), height, width));
        long common = Math.min(width, oldWidth);
        for (long plane = 0; plane < planes; plane++) {
            for (long y = 0; y < height; y++) {
                long source = (plane * oldHeight + y % oldHeight) * oldWidth * Float.BYTES;
                long target = (plane * height + y) * width * Float.BYTES;
                MemorySegment.copy(latent.data(), source, resized.data(), target, common * Float.BYTES);
                MemorySegment.copy(
                        latent.data(),
                        source,
                        resized.data(),
                        target + common * Float.BYTES,
                        (width - common) * Float.BYTES);
            }
        }
        return resized;
    }

    private static int even(int extent) {
        return Math.ceilDiv(extent, WanConfig.PATCH) * WanConfig.PATCH;
    }
}
