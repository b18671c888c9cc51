package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// A perceptual distance by the features of a VAE's encoder, which is at hand where a video was decoded: LPIPS's
/// formula with all weights 1, on another network, and not to be compared with LPIPS in value. Levels are what goes
/// into each downsampler and what leaves the last block before the middle ones (LTX-Video: before the last norm).
/// Not thread-safe; closed by whoever opened it.
public final class VaeFeatures implements AutoCloseable {

    /// Below this a position has no direction and is left at 0, as LPIPS does.
    private static final double LEAST_NORM = 1e-10;

    private final OpenEncoder encoder;

    private VaeFeatures(OpenEncoder encoder) {
        this.encoder = encoder;
    }

    /// How far two clips are apart.
    ///
    /// @param mean over the levels
    /// @param levels of each level, finest first, 0 to 4: features of every position divided by their norm over the
    /// channels, squared difference summed over the channels, mean over positions and frames
    public record Distance(double mean, List<Double> levels) {
        public Distance {
            levels = List.copyOf(levels);
        }
    }

    /// Opens the encoder of a VAE, as [VaeEncoder#open] does.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file holds no encoder
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run the graph
    public static VaeFeatures open(Engine engine, Checkpoint file) {
        return new VaeFeatures(OpenEncoder.open(engine, EncoderFamilies.plan(file), EncoderLevels.all()));
    }

    /// What it is and what it pairs with.
    public VaeTraits traits() {
        return encoder.traits();
    }

    /// Native memory that a comparison needs besides the weights: an estimate, twice that of encoding.
    ///
    /// @param frames that [#distance] accepts
    public long workingBytes(Frames frames, DecodeOptions options) {
        return 2 * encoder.workingBytes(frames, options);
    }

    /// The distance of two clips, a tile and a few pictures of both at a time; what neighbouring tiles share counts
    /// in both.
    ///
    /// @param reference as [VaeEncoder#encode] accepts it
    /// @param test of the same shape
    /// @throws IllegalArgumentException when the clips have different shapes, or the frames another count or size
    /// than the encoder takes
    /// @throws java.util.concurrent.CancellationException when interrupted
    public Distance distance(Frames reference, Frames test, DecodeOptions options, CancellationToken cancellation) {
        if (!reference.rgb().shape().equals(test.rgb().shape())) {
            throw new IllegalArgumentException("clips of " + reference.rgb().shape() + " and "
                    + test.rgb().shape() + " frames x height x width x channels cannot be compared");
        }
        List<Level> levels = new ArrayList<>();
        encoder.walk(reference, options)
                .walk(
                        (row, column) -> new Pair(
                                levels,
                                new EncodedTile(encoder, reference, row, column, cancellation),
                                new EncodedTile(encoder, test, row, column, cancellation)),
                        cancellation,
                        (done, total) -> {});
        List<Double> distances = levels.stream().map(Level::mean).toList();
        double mean =
                distances.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
        return new Distance(mean, distances);
    }

    @Override
    public void close() {
        encoder.close();
    }

    /// Sum over positions, and how many they are.
    private static final class Level {

        private double sum;
        private long positions;

        double mean() {
            return sum / positions;
        }

        /// @param a F32 `[frames, channels, rows, columns]`
        /// @param b of the same shape
        void add(Tensor a, Tensor b) {
            Shape shape = a.shape();
            int channels = (int) shape.dim(1);
            int plane = Math.toIntExact(shape.dim(2) * shape.dim(3));
            sum += IntStream.range(0, Math.toIntExact(shape.dim(0)))
                    .parallel()
                    .mapToDouble(frame -> frame(a, b, (long) frame * channels * plane, new double[3][plane]))
                    .sum();
            positions += shape.dim(0) * plane;
        }

        /// @param first value of the frame
        /// @param sums room for squares of both and products, by position
        private static double frame(Tensor a, Tensor b, long first, double[][] sums) {
            int plane = sums[0].length;
            long channels = a.shape().dim(1);
            for (long at = first; at < first + channels * plane; at++) {
                int position = (int) ((at - first) % plane);
                double x = a.data().getAtIndex(Tensor.FLOAT, at);
                double y = b.data().getAtIndex(Tensor.FLOAT, at);
                sums[0][position] += x * x;
                sums[1][position] += y * y;
                sums[2][position] += x * y;
            }
            double distance = 0;
            for (int position = 0; position < plane; position++) {
                double x = Math.max(Math.sqrt(sums[0][position]), LEAST_NORM);
                double y = Math.max(Math.sqrt(sums[1][position]), LEAST_NORM);
                double squares = sums[0][position] / (x * x) + sums[1][position] / (y * y);
                distance += Math.max(0, squares - 2 * sums[2][position] / (x * y));
            }
            return distance;
        }
    }

    /// A tile of both clips.
    private record Pair(List<Level> levels, EncodedTile reference, EncodedTile test) implements TileWalk.Tile {

        @Override
        public void run(TimePlan.Span time, int after) {
            List<Tensor> a = reference.levels(time);
            List<Tensor> b = test.levels(time);
            for (int i = 0; i < a.size(); i++) {
                if (i == levels.size()) {
                    levels.add(new Level());
                }
                levels.get(i).add(a.get(i), b.get(i));
            }
        }

        @Override
        public void close() {
            reference.close();
            test.close();
        }
    }
}
