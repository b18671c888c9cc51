package dev.quantreel.engines.vbench;

import dev.quantreel.engines.vbench.PictureScaler.Filter;
import dev.quantreel.engines.vbench.PictureScaler.Size;
import dev.quantreel.engines.video.Frames;

/// How a frame becomes the input of a network.
enum Preparation {

    /// DINO's of VBench: shorter side 224, not cut.
    DINO(new float[] {0.485f, 0.456f, 0.406f}, new float[] {0.229f, 0.224f, 0.225f}) {
        @Override
        Picture sized(Picture picture) {
            return picture.scaled(Size.ofShorterSide(picture.height(), picture.width(), SIDE), Filter.BILINEAR);
        }
    },

    /// CLIP's of VBench: shorter side 224, the middle square.
    CLIP(new float[] {0.48145466f, 0.4578275f, 0.40821073f}, new float[] {0.26862954f, 0.26130258f, 0.27577711f}) {
        @Override
        Picture sized(Picture picture) {
            return picture.scaled(Size.ofShorterSide(picture.height(), picture.width(), SIDE), Filter.BICUBIC)
                    .middle(SIDE);
        }
    },

    /// MUSIQ's of VBench: longer side at most 512, values as they are.
    MUSIQ(new float[] {0, 0, 0}, new float[] {1, 1, 1}) {
        @Override
        Picture sized(Picture picture) {
            int longer = Math.max(picture.height(), picture.width());
            if (longer <= LONGEST) {
                return picture;
            }
            // In double precision and cut off, as there: 512 may become 511.
            double scale = (double) LONGEST / longer;
            return picture.scaled(
                    new Size((int) (scale * picture.height()), (int) (scale * picture.width())), Filter.BILINEAR);
        }
    };

    private static final int SIDE = 224;
    private static final int LONGEST = 512;
    private static final int CHANNELS = 3;
    private static final float WHITE = 255;

    private final float[] mean;
    private final float[] deviation;

    Preparation(float[] mean, float[] deviation) {
        this.mean = mean;
        this.deviation = deviation;
    }

    abstract Picture sized(Picture picture);

    /// @return F32 `[1, 3, height, width]`
    Planes of(Frames frames, int index) {
        Picture picture = sized(Picture.of(frames, index));
        int pixels = picture.height() * picture.width();
        float[] values = new float[CHANNELS * pixels];
        for (int i = 0; i < values.length; i++) {
            int channel = i / pixels;
            float value = picture.rgb()[CHANNELS * (i % pixels) + channel] / WHITE;
            values[i] = (value - mean[channel]) / deviation[channel];
        }
        return new Planes(picture.height(), picture.width(), values);
    }

    /// Input of a network, channel by channel.
    @SuppressWarnings("ArrayRecordComponent") // made, passed on and forgotten
    record Planes(int height, int width, float[] values) {}

    /// Packed values, 0 to 255 before scaling.
    @SuppressWarnings("ArrayRecordComponent") // made, passed on and forgotten
    record Picture(int height, int width, float[] rgb) {

        static Picture of(Frames frames, int index) {
            byte[] bytes = frames.rgb24(index);
            float[] values = new float[bytes.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = bytes[i] & 0xFF;
            }
            return new Picture(frames.height(), frames.width(), values);
        }

        Picture scaled(Size size, Filter filter) {
            return new Picture(size.height(), size.width(), PictureScaler.scaled(rgb, height, width, size, filter));
        }

        /// The middle square, its corner rounded half to even as torchvision rounds it.
        Picture middle(int side) {
            int top = (int) Math.rint((height - side) / 2.0);
            int left = (int) Math.rint((width - side) / 2.0);
            float[] cut = new float[CHANNELS * side * side];
            for (int row = 0; row < side; row++) {
                System.arraycopy(
                        rgb, CHANNELS * ((top + row) * width + left), cut, CHANNELS * row * side, CHANNELS * side);
            }
            return new Picture(side, side, cut);
        }
    }
}
