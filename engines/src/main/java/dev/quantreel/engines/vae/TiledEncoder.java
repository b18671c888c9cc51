package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/// Runs the encoder of any family: tile after tile, and within a tile run after run along time.
final class TiledEncoder implements VaeEncoder {

    private static final int COLOURS = 3;

    private final EncoderPlan plan;
    private final DecoderPlan.Graph graph;
    private final Session session;

    private TiledEncoder(EncoderPlan plan, DecoderPlan.Graph graph, Session session) {
        this.plan = plan;
        this.graph = graph;
        this.session = session;
    }

    static TiledEncoder open(Engine engine, EncoderPlan plan) {
        try (Arena arena = Arena.ofShared()) {
            DecoderPlan.Graph graph = plan.graph().build(arena);
            return new TiledEncoder(plan, graph, engine.open(graph.model()));
        }
    }

    @Override
    public VaeTraits traits() {
        return plan.traits();
    }

    @Override
    public long workingBytes(Frames frames, DecodeOptions options) {
        Shape shape = latentShape(frames);
        return tiling(frames).workingBytes(shape, plan.time().longest((int) shape.dim(2)), options);
    }

    /// A picture by itself takes less than a latent frame's pictures.
    private Tiling tiling(Frames frames) {
        VaeTraits.Grid grid = frames.count() == 1 ? VaeTraits.Grid.stills(traits().pixelsPerCell()) : traits().grid();
        return new Tiling(grid, plan.memory(), graph.state());
    }

    @Override
    public Tensor encode(
            Frames frames, DecodeOptions options, CancellationToken cancellation, VaeDecoder.Progress progress) {
        Shape shape = latentShape(frames);
        Tensor latent = Tensor.zeros(DType.F32, shape);
        TileWalk.of(shape, plan.time(), tiling(frames), options)
                .walk((row, column) -> new TileRun(frames, latent, row, column, cancellation), cancellation, progress);
        return latent;
    }

    private Shape latentShape(Frames frames) {
        int pixels = traits().pixelsPerCell();
        int each = traits().grid().framesPerLatent();
        if ((frames.count() - 1) % each != 0 || frames.height() % pixels != 0 || frames.width() % pixels != 0) {
            throw new IllegalArgumentException(frames.count() + " frames of " + frames.width() + " x " + frames.height()
                    + " pixels; accepted are 1, " + (1 + each) + ", " + (1 + 2 * each)
                    + ", ... frames whose sides are multiples of " + pixels);
        }
        int latents = (frames.count() - 1) / each + 1;
        return Shape.of(1, traits().latentChannels(), latents, frames.height() / pixels, frames.width() / pixels);
    }

    @Override
    public void close() {
        session.close();
    }

    /// The runs of one tile.
    private final class TileRun implements TileWalk.Tile {

        private final Frames frames;
        private final Tensor latent;
        private final TileAxis.Span row;
        private final TileAxis.Span column;
        private final CancellationToken cancellation;
        private final CarriedState state;

        TileRun(Frames frames, Tensor latent, TileAxis.Span row, TileAxis.Span column, CancellationToken cancellation) {
            this.frames = frames;
            this.latent = latent;
            this.row = row;
            this.column = column;
            this.cancellation = cancellation;
            this.state = new CarriedState(graph.state(), row.length(), column.length(), cancellation);
        }

        @Override
        public void run(TimePlan.Span time, int after) {
            add(next(time), time, after);
        }

        /// The latent frames of one run, `[latents, channels, height, width]`.
        private Tensor next(TimePlan.Span time) {
            Tensor part = Tensor.zeros(
                    DType.F32, Shape.of(time.latents(), traits().latentChannels(), row.length(), column.length()));
            Map<String, Tensor> inputs = state.inputs();
            if (graph.marksFirst()) {
                inputs.put("first", state.first());
            }
            inputs.put("pictures", pictures(time));
            Map<String, Tensor> outputs = state.outputs(time.latents());
            outputs.put("latent", part);
            session.runInto(inputs, outputs, cancellation);
            state.advance();
            return part;
        }

        /// The pictures that the latent frames of a run stand for, within the tile.
        private Tensor pictures(TimePlan.Span time) {
            int pixels = traits().pixelsPerCell();
            int each = traits().grid().framesPerLatent();
            boolean starts = time.latent() == 0 || time.skip() > 0;
            int count = each * time.latents() - (starts ? each - 1 : 0);
            int first = each * time.latent() - (starts ? 0 : each - 1);
            int width = pixels * column.length() * COLOURS;
            Tensor part = Tensor.zeros(
                    DType.F32, Shape.of(count, (long) pixels * row.length(), (long) pixels * column.length(), COLOURS));
            long target = 0;
            for (int picture = first; picture < first + count; picture++) {
                float[] values = frames.frame(picture);
                for (int y = pixels * row.start(); y < pixels * (row.start() + row.length()); y++) {
                    int source = (y * frames.width() + pixels * column.start()) * COLOURS;
                    MemorySegment.copy(values, source, part.data(), Tensor.FLOAT, target, width);
                    target += (long) Float.BYTES * width;
                }
            }
            return part;
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
            state.close();
        }
    }
}
