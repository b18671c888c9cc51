package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;

/// Runs the encoder of any family: tile after tile, and within a tile run after run along time.
final class TiledEncoder implements VaeEncoder {

    private final OpenEncoder encoder;

    private TiledEncoder(OpenEncoder encoder) {
        this.encoder = encoder;
    }

    static TiledEncoder open(Engine engine, EncoderPlan plan) {
        return new TiledEncoder(OpenEncoder.open(engine, plan, EncoderLevels.none()));
    }

    @Override
    public VaeTraits traits() {
        return encoder.traits();
    }

    @Override
    public long workingBytes(Frames frames, DecodeOptions options) {
        return encoder.workingBytes(frames, options);
    }

    @Override
    public Tensor encode(
            Frames frames, DecodeOptions options, CancellationToken cancellation, VaeDecoder.Progress progress) {
        Tensor latent = Tensor.zeros(DType.F32, encoder.latentShape(frames));
        encoder.walk(frames, options)
                .walk(
                        (row, column) -> new TileRun(
                                latent, row, column, new EncodedTile(encoder, frames, row, column, cancellation)),
                        cancellation,
                        progress);
        return latent;
    }

    @Override
    public void close() {
        encoder.close();
    }

    /// The runs of one tile.
    ///
    /// @param latent of the whole clip
    private record TileRun(Tensor latent, TileAxis.Span row, TileAxis.Span column, EncodedTile encoded)
            implements TileWalk.Tile {

        @Override
        public void run(TimePlan.Span time, int after) {
            add(encoded.latent(time), time, after);
        }

        /// Adds this tile's and run's share of the latent frames.
        ///
        /// @param after latent frames at the end that are shared with the run after
        private void add(Tensor part, TimePlan.Span time, int after) {
            Shape shape = latent.shape();
            long source = (long) time.skip() * (part.elements() / time.latents()) * Float.BYTES;
            for (int at = 0; at < time.pictures(); at++) {
                float inTime = TileAxis.share(at, time.pictures(), time.blend(), after);
                for (long channel = 0; channel < shape.dim(1); channel++) {
                    for (int y = 0; y < row.length(); y++) {
                        float inRow = inTime * TileAxis.share(y, row.length(), row.before(), row.after());
                        long line = ((channel * shape.dim(2) + time.picture() + at) * shape.dim(3) + row.start() + y)
                                * shape.dim(4);
                        source = addLine(part, line, source, inRow);
                    }
                }
            }
        }

        private long addLine(Tensor part, long line, long source, float inRow) {
            for (int x = 0; x < column.length(); x++) {
                float share = inRow * TileAxis.share(x, column.length(), column.before(), column.after());
                long target = Float.BYTES * (line + column.start() + x);
                float sum = latent.data().get(Tensor.FLOAT, target)
                        + share * part.data().get(Tensor.FLOAT, source + (long) Float.BYTES * x);
                latent.data().set(Tensor.FLOAT, target, sum);
            }
            return source + (long) Float.BYTES * column.length();
        }

        @Override
        public void close() {
            encoded.close();
        }
    }
}
