package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.PictureSink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/// Runs the graph of any family: tile after tile, and within a tile run after run along time. A tile's state exists
/// twice (what a run reads, what it writes) and ends with the tile.
final class TiledDecoder implements VaeDecoder {

    private final DecoderPlan plan;
    private final DecoderPlan.Graph graph;
    private final Tiling tiling;
    private final Session session;
    private final long weightBytes;

    private TiledDecoder(DecoderPlan plan, DecoderPlan.Graph graph, Session session) {
        this.plan = plan;
        this.graph = graph;
        this.tiling = new Tiling(plan.traits().grid(), plan.memory(), graph.state());
        this.session = session;
        this.weightBytes = graph.model().weightBytes();
    }

    static TiledDecoder open(Engine engine, DecoderPlan plan) {
        try (Arena arena = Arena.ofShared()) {
            DecoderPlan.Graph graph = plan.graph().build(arena);
            return new TiledDecoder(plan, graph, engine.open(graph.model()));
        }
    }

    @Override
    public VaeTraits traits() {
        return plan.traits();
    }

    @Override
    public void decode(
            Tensor latent, PictureSink sink, DecodeOptions options, CancellationToken cancellation, Progress progress) {
        traits().require(latent);
        Shape shape = latent.shape();
        int pixels = traits().pixelsPerCell();
        sink.begin(traits().pictures(extent(latent, 2)), pixels * extent(latent, 3), pixels * extent(latent, 4));
        TileWalk.of(shape, plan.time(), tiling, options)
                .walk((row, column) -> new TileRun(latent, sink, row, column, cancellation), cancellation, progress);
    }

    private static int extent(Tensor latent, int axis) {
        return Math.toIntExact(latent.shape().dim(axis));
    }

    @Override
    public long workingBytes(Shape latent, DecodeOptions options) {
        return tiling.workingBytes(latent, plan.time().longest((int) latent.dim(2)), options);
    }

    @Override
    public long weightBytes() {
        return weightBytes;
    }

    @Override
    public void close() {
        session.close();
    }

    /// The runs of one tile.
    private final class TileRun implements TileWalk.Tile {

        private final Tensor latent;
        private final PictureSink sink;
        private final TileAxis.Span row;
        private final TileAxis.Span column;
        private final CancellationToken cancellation;
        private final CarriedState state;

        TileRun(
                Tensor latent,
                PictureSink sink,
                TileAxis.Span row,
                TileAxis.Span column,
                CancellationToken cancellation) {
            this.latent = latent;
            this.sink = sink;
            this.row = row;
            this.column = column;
            this.cancellation = cancellation;
            this.state = new CarriedState(graph.state(), row.length(), column.length(), cancellation);
        }

        @Override
        public void run(TimePlan.Span time, int after) {
            Tensor pictures = next(time);
            share(pictures, time.blend(), after);
            int pixels = traits().pixelsPerCell();
            sink.add(pictures, time.picture(), pixels * row.start(), pixels * column.start());
        }

        /// The pictures of one run.
        private Tensor next(TimePlan.Span time) {
            Map<String, Tensor> inputs = state.inputs();
            inputs.put("latent", framesFirst(time));
            if (graph.marksFirst()) {
                inputs.put("first", state.first());
            }
            int pixels = traits().pixelsPerCell();
            int count = time.skip() + time.pictures();
            Shape shape = Shape.of(count, (long) pixels * row.length(), (long) pixels * column.length(), 3);
            Tensor rgb = Tensor.zeros(DType.F32, shape);
            Map<String, Tensor> outputs = state.outputs(time.latents());
            outputs.put("rgb", rgb);
            session.runInto(inputs, outputs, cancellation);
            state.advance();
            long skipBytes = rgb.data().byteSize() / count * time.skip();
            return new Tensor(
                    DType.F32,
                    Shape.of(time.pictures(), shape.dim(1), shape.dim(2), 3),
                    rgb.data().asSlice(skipBytes));
        }

        /// Latent frames of the run within the tile, `[frames, channels, height, width]`.
        private Tensor framesFirst(TimePlan.Span time) {
            long channels = latent.shape().dim(1);
            long frames = latent.shape().dim(2);
            long height = latent.shape().dim(3);
            long width = latent.shape().dim(4);
            Tensor part = Tensor.zeros(DType.F32, Shape.of(time.latents(), channels, row.length(), column.length()));
            long target = 0;
            long lineBytes = (long) Float.BYTES * column.length();
            for (int frame = time.latent(); frame < time.latent() + time.latents(); frame++) {
                for (long channel = 0; channel < channels; channel++) {
                    for (int y = row.start(); y < row.start() + row.length(); y++) {
                        long source = ((channel * frames + frame) * height + y) * width + column.start();
                        MemorySegment.copy(latent.data(), Float.BYTES * source, part.data(), target, lineBytes);
                        target += lineBytes;
                    }
                }
            }
            return part;
        }

        /// Multiplies the pictures by this tile's and this run's share of them.
        private void share(Tensor pictures, int before, int after) {
            int pixels = traits().pixelsPerCell();
            if (before + after + row.before() + row.after() + column.before() + column.after() == 0) {
                return;
            }
            int count = extent(pictures, 0);
            int rows = extent(pictures, 1);
            int columns = extent(pictures, 2);
            long at = 0;
            for (int picture = 0; picture < count; picture++) {
                float inTime = TileAxis.share(picture, count, before, after);
                for (int y = 0; y < rows; y++) {
                    float inRow = inTime * TileAxis.share(y, rows, pixels * row.before(), pixels * row.after());
                    for (int x = 0; x < columns; x++) {
                        float share =
                                inRow * TileAxis.share(x, columns, pixels * column.before(), pixels * column.after());
                        for (int colour = 0; colour < 3; colour++, at += Float.BYTES) {
                            float value = pictures.data().get(Tensor.FLOAT, at);
                            pictures.data().set(Tensor.FLOAT, at, share * value);
                        }
                    }
                }
            }
        }

        @Override
        public void close() {
            state.close();
        }
    }
}
