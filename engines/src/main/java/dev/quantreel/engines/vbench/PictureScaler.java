package dev.quantreel.engines.vbench;

/// Resizes one picture as torchvision does a tensor of floats without antialiasing, which is what VBench asks for:
/// pixel centres at halves, edges repeated, nothing rounded, so that a cubic may leave the range of bytes.
final class PictureScaler {

    /// Weights of the pixels around a place.
    enum Filter {
        BILINEAR(1) {
            @Override
            double weight(double distance) {
                return 1 - distance;
            }
        },
        /// Keys' cubic with a = -3/4, as PyTorch has it.
        BICUBIC(2) {
            @Override
            double weight(double distance) {
                double x = distance;
                return x <= 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
            }
        };

        private static final double A = -0.75;

        private final int reach;

        Filter(int reach) {
            this.reach = reach;
        }

        /// @param distance 0 to `reach`
        abstract double weight(double distance);
    }

    private static final int CHANNELS = 3;

    private PictureScaler() {}

    /// @param rgb values in the order row, column, channel
    /// @return the same of another size
    static float[] scaled(float[] rgb, int height, int width, Size to, Filter filter) {
        if (height == to.height() && width == to.width()) {
            return rgb;
        }
        double[] values = new double[rgb.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = rgb[i];
        }
        double[] columns = along(values, new int[] {height, width, CHANNELS}, to.width(), filter);
        double[] rows = along(columns, new int[] {1, height, CHANNELS * to.width()}, to.height(), filter);
        float[] scaled = new float[rows.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = (float) rows[i];
        }
        return scaled;
    }

    record Size(int height, int width) {

        /// The shorter side becomes `side`, the longer one is cut down to a whole number.
        static Size ofShorterSide(int height, int width, int side) {
            return height <= width
                    ? new Size(side, (int) ((long) side * width / height))
                    : new Size((int) ((long) side * height / width), side);
        }
    }

    /// Resizes the middle one of three axes.
    private static double[] along(double[] values, int[] axes, int to, Filter filter) {
        int from = axes[1];
        int inner = axes[2];
        double[] result = new double[axes[0] * to * inner];
        for (int target = 0; target < to; target++) {
            double place = (target + 0.5) * from / to - 0.5;
            if (filter == Filter.BILINEAR) {
                place = Math.max(0, place);
            }
            int first = (int) Math.floor(place) - filter.reach + 1;
            for (int k = first; k < first + 2 * filter.reach; k++) {
                double weight = filter.weight(Math.abs(place - k));
                int source = Math.clamp(k, 0, from - 1);
                for (int row = 0; row < axes[0]; row++) {
                    for (int i = 0; i < inner; i++) {
                        result[(row * to + target) * inner + i] += weight * values[(row * from + source) * inner + i];
                    }
                }
            }
        }
        return result;
    }
}
