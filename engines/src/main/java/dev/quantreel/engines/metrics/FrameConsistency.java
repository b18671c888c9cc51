package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// How alike the frames of a clip are, by cosines of their pixels shrunk to means of 8 x 8: a stand-in without a
/// network for VBench's consistencies, not comparable with them in value. Noise that is all alike scores well, too.
///
/// @param first mean cosine of every later frame with the first; 1 for a clip of one frame
/// @param adjacent mean cosine of every later frame with the one before; 1 for a clip of one frame
public record FrameConsistency(double first, double adjacent) {

    /// Rows and columns that are made one, and the least a frame must have.
    public static final int CELL = 8;

    private static final int CHANNELS = 3;

    /// A black frame has cosine 0 with every frame.
    ///
    /// @throws IllegalArgumentException when the frames are smaller than a cell
    public static FrameConsistency of(Frames frames) {
        if (frames.height() < CELL || frames.width() < CELL) {
            throw new IllegalArgumentException("consistency needs frames of at least 8 x 8 pixels, got "
                    + frames.width() + " x " + frames.height());
        }
        if (frames.count() == 1) {
            return new FrameConsistency(1, 1);
        }
        double[] first = shrunk(frames, 0);
        double[] before = first;
        double withFirst = 0;
        double withBefore = 0;
        for (int i = 1; i < frames.count(); i++) {
            double[] frame = shrunk(frames, i);
            withFirst += cosine(frame, first);
            withBefore += cosine(frame, before);
            before = frame;
        }
        return new FrameConsistency(withFirst / (frames.count() - 1), withBefore / (frames.count() - 1));
    }

    /// Mean of both.
    public double mean() {
        return (first + adjacent) / 2;
    }

    /// Means of cells that fit whole.
    private static double[] shrunk(Frames frames, int index) {
        double[] pixels = ComparedClips.pixels(frames, index);
        int rows = frames.height() / CELL;
        int columns = frames.width() / CELL;
        double[] means = new double[rows * columns * CHANNELS];
        for (int y = 0; y < rows * CELL; y++) {
            for (int x = 0; x < columns * CELL; x++) {
                int cell = (y / CELL * columns + x / CELL) * CHANNELS;
                for (int channel = 0; channel < CHANNELS; channel++) {
                    means[cell + channel] += pixels[(y * frames.width() + x) * CHANNELS + channel] / (CELL * CELL);
                }
            }
        }
        return means;
    }

    private static double cosine(double[] a, double[] b) {
        double norms = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
        return norms == 0 ? 0 : dot(a, b) / norms;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
