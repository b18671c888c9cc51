package dev.quantreel.engines.vbench;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.video.Frames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/// VBench's motion smoothness: (255 − mean absolute difference of bytes) / 255 between every second frame and what a
/// network makes of the frames before and after it. A last frame without a neighbour is left out.
final class MotionSmoothness {

    private static final int MULTIPLE = 16;
    private static final int CHANNELS = 3;
    private static final float WHITE = 255;

    private final int height;
    private final int width;
    private final int top;
    private final int left;
    private final int paddedHeight;
    private final int paddedWidth;

    private MotionSmoothness(Frames frames) {
        this.height = frames.height();
        this.width = frames.width();
        this.paddedHeight = (height + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
        this.paddedWidth = (width + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
        this.top = (paddedHeight - height) / 2;
        this.left = (paddedWidth - width) / 2;
    }

    /// @param frames three or more
    /// @param network of two frames
    static double of(Frames frames, Path network, CancellationToken cancellation) throws IOException {
        MotionSmoothness size = new MotionSmoothness(frames);
        double sum = 0;
        int pairs = (frames.count() - 1) / 2;
        try (SuppliedNetwork interpolation = SuppliedNetwork.open(network)) {
            for (int i = 1; i <= pairs; i++) {
                cancellation.throwIfCancelled();
                float[] halfway = interpolation.run(
                        List.of(size.padded(frames.rgb24(2 * i - 2)), size.padded(frames.rgb24(2 * i))),
                        1,
                        CHANNELS,
                        size.paddedHeight,
                        size.paddedWidth);
                sum += size.difference(frames.rgb24(2 * i - 1), size.requireFrame(network, halfway));
            }
        }
        return (255 - sum / pairs) / 255;
    }

    /// Plane by plane, edges repeated.
    private float[] padded(byte[] rgb24) {
        float[] planes = new float[CHANNELS * paddedHeight * paddedWidth];
        for (int i = 0; i < planes.length; i++) {
            int row = Math.clamp(i / paddedWidth % paddedHeight - top, 0, height - 1);
            int column = Math.clamp(i % paddedWidth - left, 0, width - 1);
            int channel = i / (paddedHeight * paddedWidth);
            planes[i] = (rgb24[CHANNELS * (row * width + column) + channel] & 0xFF) / WHITE;
        }
        return planes;
    }

    private float[] requireFrame(Path network, float[] halfway) throws IOException {
        int expected = CHANNELS * paddedHeight * paddedWidth;
        if (halfway.length != expected) {
            throw new IOException(network + " gave " + halfway.length + " values; accepted is a frame of 3 x "
                    + paddedHeight + " x " + paddedWidth);
        }
        return halfway;
    }

    /// Mean absolute difference of bytes; those of the network are cut off, not rounded.
    private double difference(byte[] rgb24, float[] planes) {
        long sum = 0;
        for (int i = 0; i < rgb24.length; i++) {
            int pixel = i / CHANNELS;
            int row = pixel / width + top;
            int column = pixel % width + left;
            float value = planes[(i % CHANNELS * paddedHeight + row) * paddedWidth + column] * WHITE;
            sum += Math.abs((rgb24[i] & 0xFF) - (int) Math.clamp(value, 0f, WHITE));
        }
        return (double) sum / rgb24.length;
    }
}
