package dev.quantreel.engines.vision;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;

/// Makes a picture what an encoder reads: bicubic with antialiasing to a square, whole 8-bit values, normalized per
/// colour.
final class ClipPixels {

    private static final float[] MEAN = {0.48145466f, 0.4578275f, 0.40821073f};
    private static final float[] STD = {0.26862954f, 0.26130258f, 0.27577711f};

    private static final float HALF = 0.5f;

    private ClipPixels() {}

    /// @param config whose pictures
    /// @return F32 `[1, 3, size, size]`
    static Tensor of(Frames frames, int picture, ImageCrop crop, ClipVisionConfig config) {
        int size = config.imageSize();
        int width = size;
        int height = size;
        if (crop == ImageCrop.CENTER) {
            double scale = (double) size / Math.min(frames.width(), frames.height());
            width = Math.toIntExact(Math.round(scale * frames.width()));
            height = Math.toIntExact(Math.round(scale * frames.height()));
        }
        float[] resized = BicubicResize.of(frames, picture, height, width);
        int left = (width - size) / 2;
        int top = (height - size) / 2;
        float[] pixels = new float[3 * size * size];
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                for (int colour = 0; colour < 3; colour++) {
                    float value = resized[((top + y) * width + left + x) * 3 + colour];
                    float whole = (float) Math.rint(Math.clamp(255 * value, 0, 255)) / 255;
                    pixels[(colour * size + y) * size + x] = switch (config.kind()) {
                        case CLIP -> (whole - MEAN[colour]) / STD[colour];
                        case SIGLIP -> (whole - HALF) / HALF;
                    };
                }
            }
        }
        return Tensor.of(Shape.of(1, 3, size, size), pixels);
    }
}
