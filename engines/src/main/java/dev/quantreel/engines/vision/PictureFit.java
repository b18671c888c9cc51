package dev.quantreel.engines.vision;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;

/// Brings pictures to the size of a clip as ComfyUI does: what does not fit the new proportions is cut off evenly on
/// both sides, the rest is interpolated linearly.
public final class PictureFit {

    private PictureFit() {}

    /// @param count so many of the first pictures; at least 1
    /// @return `count` pictures of that size
    public static Frames of(Frames pictures, int count, int height, int width) {
        int cutX = 0;
        int cutY = 0;
        double proportion = (double) pictures.width() / pictures.height();
        double wanted = (double) width / height;
        if (proportion > wanted) {
            cutX = Math.toIntExact(Math.round(pictures.width() * (1 - wanted / proportion) / 2));
        } else if (proportion < wanted) {
            cutY = Math.toIntExact(Math.round(pictures.height() * (1 - proportion / wanted) / 2));
        }
        Axis rows = new Axis(cutY, pictures.height() - 2 * cutY, height);
        Axis columns = new Axis(cutX, pictures.width() - 2 * cutX, width);
        Tensor result = Tensor.zeros(DType.F32, Shape.of(count, height, width, 3));
        long at = 0;
        for (int picture = 0; picture < count; picture++) {
            float[] values = pictures.frame(picture);
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    for (int colour = 0; colour < 3; colour++) {
                        float value = mixed(values, pictures.width(), rows.at(y), columns.at(x), colour);
                        result.data().set(Tensor.FLOAT, at, value);
                        at += Float.BYTES;
                    }
                }
            }
        }
        return new Frames(result);
    }

    private static float mixed(float[] values, int width, Place row, Place column, int colour) {
        float above = mixed(values, row.first * width, column, colour);
        float below = mixed(values, row.second * width, column, colour);
        return above + row.share * (below - above);
    }

    private static float mixed(float[] values, int row, Place column, int colour) {
        float left = values[(row + column.first) * 3 + colour];
        float right = values[(row + column.second) * 3 + colour];
        return left + column.share * (right - left);
    }

    /// Between two pixels.
    ///
    /// @param share of the second
    private record Place(int first, int second, float share) {}

    /// @param cut pixels left out at the start
    /// @param from pixels used
    /// @param to pixels wanted
    private record Axis(int cut, int from, int to) {

        Place at(int target) {
            double position = Math.max(0, (target + 0.5) * from / to - 0.5);
            int first = Math.min((int) position, from - 1);
            int second = Math.min(first + 1, from - 1);
            return new Place(cut + first, cut + second, (float) (position - first));
        }
    }
}
