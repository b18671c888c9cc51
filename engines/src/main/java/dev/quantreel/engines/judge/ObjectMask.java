package dev.quantreel.engines.judge;

/// The object's pixels in one frame, and their bounding box.
final class ObjectMask {

    private final int frame;
    private final boolean[] mask;
    private final int stride;
    private int area;
    private long sumX;
    private long sumY;
    private int left = Integer.MAX_VALUE;
    private int top = Integer.MAX_VALUE;
    private int right = -1;
    private int bottom = -1;

    private ObjectMask(int frame, boolean[] mask, int stride) {
        this.frame = frame;
        this.mask = mask;
        this.stride = stride;
    }

    /// @param mask row by row
    /// @param stride columns of the frame
    static ObjectMask of(int frame, boolean[] mask, int stride) {
        ObjectMask result = new ObjectMask(frame, mask, stride);
        for (int at = 0; at < mask.length; at++) {
            if (mask[at]) {
                result.add(at % stride, at / stride);
            }
        }
        return result;
    }

    private void add(int x, int y) {
        area++;
        sumX += x;
        sumY += y;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
    }

    int frame() {
        return frame;
    }

    /// Number of pixels.
    int area() {
        return area;
    }

    double meanX() {
        return (double) sumX / area;
    }

    double meanY() {
        return (double) sumY / area;
    }

    /// Columns of the bounding box.
    int width() {
        return right - left + 1;
    }

    /// Rows of the bounding box.
    int height() {
        return bottom - top + 1;
    }

    /// Intersection over union with a template that fills the bounding box.
    double overlap(ShapeTemplate template) {
        int both = 0;
        int either = 0;
        for (int y = 0; y < height(); y++) {
            double v = (2.0 * y + 1) / height() - 1;
            for (int x = 0; x < width(); x++) {
                double u = (2.0 * x + 1) / width() - 1;
                boolean wanted = template.contains(u, v);
                boolean found = mask[(top + y) * stride + left + x];
                both += wanted && found ? 1 : 0;
                either += wanted || found ? 1 : 0;
            }
        }
        return (double) both / either;
    }
}
