package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// How a clip moves, by matching blocks of 8 x 8 pixels with the frame before: exhaustive search of up to 7 pixels
/// each way, least sum of absolute differences of 8-bit luma; among equal matches the shortest, then the uppermost,
/// then the leftmost. A stand-in for optical flow without a network.
///
/// @param meanLength of the vectors, pixels a frame, over all blocks that fit whole; 0 for a clip of one frame
/// @param warpingError mean squared difference of luma in [0, 1] between a block and its match: what motion does
/// not explain; 0 for a clip of one frame
public record BlockMotion(double meanLength, double warpingError) {

    /// Rows and columns of a block, and the least a frame must have.
    public static final int BLOCK = 8;

    private static final int REACH = 7;
    private static final int RED = 299;
    private static final int GREEN = 587;
    private static final int BLUE = 114;
    private static final double WHITE = 255 * 1000.0;
    private static final List<Vector> VECTORS = vectors();

    /// From a block to its match in the frame before.
    private record Vector(int down, int across) {
        double length() {
            return Math.hypot(down, across);
        }
    }

    /// Sums over the blocks of a pair of frames.
    private record Pair(double lengths, double squares) {}

    /// @throws IllegalArgumentException when the frames are smaller than a block
    public static BlockMotion of(Frames frames) {
        if (frames.height() < BLOCK || frames.width() < BLOCK) {
            throw new IllegalArgumentException("block matching needs frames of at least 8 x 8 pixels, got "
                    + frames.width() + " x " + frames.height());
        }
        if (frames.count() == 1) {
            return new BlockMotion(0, 0);
        }
        List<Pair> pairs = IntStream.range(1, frames.count())
                .parallel()
                .mapToObj(i -> new Search(frames, i).pair())
                .toList();
        double blocks = (double) pairs.size() * (frames.height() / BLOCK) * (frames.width() / BLOCK);
        return new BlockMotion(
                pairs.stream().mapToDouble(Pair::lengths).sum() / blocks,
                pairs.stream().mapToDouble(Pair::squares).sum() / (blocks * BLOCK * BLOCK));
    }

    private static List<Vector> vectors() {
        List<Vector> vectors = new ArrayList<>();
        for (int down = -REACH; down <= REACH; down++) {
            for (int across = -REACH; across <= REACH; across++) {
                vectors.add(new Vector(down, across));
            }
        }
        // Stable: rows from above, columns from the left within one length.
        vectors.sort(
                Comparator.comparingInt(vector -> vector.down() * vector.down() + vector.across() * vector.across()));
        return List.copyOf(vectors);
    }

    /// Blocks of one frame in the frame before.
    private static final class Search {

        private final int height;
        private final int width;
        private final int[] before;
        private final int[] frame;

        Search(Frames frames, int index) {
            height = frames.height();
            width = frames.width();
            before = luma(frames.rgb24(index - 1));
            frame = luma(frames.rgb24(index));
        }

        /// In thousandths of an 8-bit step, exact.
        private static int[] luma(byte[] rgb) {
            int[] luma = new int[rgb.length / 3];
            for (int i = 0; i < luma.length; i++) {
                luma[i] = RED * (rgb[3 * i] & 0xFF) + GREEN * (rgb[3 * i + 1] & 0xFF) + BLUE * (rgb[3 * i + 2] & 0xFF);
            }
            return luma;
        }

        Pair pair() {
            double lengths = 0;
            double squares = 0;
            for (int y = 0; y + BLOCK <= height; y += BLOCK) {
                for (int x = 0; x + BLOCK <= width; x += BLOCK) {
                    Vector vector = match(y, x);
                    lengths += vector.length();
                    squares += squares(y, x, vector);
                }
            }
            return new Pair(lengths, squares);
        }

        private Vector match(int y, int x) {
            Vector best = VECTORS.getFirst();
            long least = Long.MAX_VALUE;
            for (Vector vector : VECTORS) {
                if (fits(y + vector.down(), height) && fits(x + vector.across(), width)) {
                    long sum = difference(y, x, vector, least);
                    if (sum < least) {
                        least = sum;
                        best = vector;
                    }
                }
            }
            return best;
        }

        private static boolean fits(int from, int extent) {
            return from >= 0 && from + BLOCK <= extent;
        }

        /// Sum of absolute differences; given up row by row where it cannot be less than `least`.
        private long difference(int y, int x, Vector vector, long least) {
            long sum = 0;
            for (int row = 0; row < BLOCK && sum < least; row++) {
                int at = (y + row) * width + x;
                int match = at + vector.down() * width + vector.across();
                for (int column = 0; column < BLOCK; column++) {
                    sum += Math.abs(frame[at + column] - before[match + column]);
                }
            }
            return sum;
        }

        private double squares(int y, int x, Vector vector) {
            double squares = 0;
            for (int row = 0; row < BLOCK; row++) {
                int at = (y + row) * width + x;
                int match = at + vector.down() * width + vector.across();
                for (int column = 0; column < BLOCK; column++) {
                    double difference = (frame[at + column] - before[match + column]) / WHITE;
                    squares += difference * difference;
                }
            }
            return squares;
        }
    }
}
