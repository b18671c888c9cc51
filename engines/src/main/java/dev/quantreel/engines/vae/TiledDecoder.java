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
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Runs the graph of any family: tile after tile, and within a tile run after run along time. A tile's state exists
/// twice (what a run reads, what it writes) and ends with the tile.
final class TiledDecoder implements VaeDecoder {

    private static final int[] TILE_SIDES = {1024, 768, 512, 384, 256, 192, 128, 96, 64};

    private final DecoderPlan plan;
    private final DecoderPlan.Graph graph;
    private final Session session;

    private TiledDecoder(DecoderPlan plan, DecoderPlan.Graph graph, Session session) {
        this.plan = plan;
        this.graph = graph;
        this.session = session;
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
        int frames = extent(latent, 2);
        int height = extent(latent, 3);
        int width = extent(latent, 4);
        int pixels = traits().pixelsPerCell();
        int tile = tileCells(latent.shape(), options);
        int overlap = overlapCells(tile, options);
        List<TileAxis.Span> rows = TileAxis.of(height, tile, overlap).spans();
        List<TileAxis.Span> columns = TileAxis.of(width, tile, overlap).spans();
        List<TimePlan.Span> times = plan.time().spans(frames);
        sink.begin(traits().pictures(frames), pixels * height, pixels * width);
        int total = rows.size() * columns.size() * times.size();
        int done = 0;
        for (TileAxis.Span row : rows) {
            for (TileAxis.Span column : columns) {
                try (TileRun run = new TileRun(row, column)) {
                    for (int i = 0; i < times.size(); i++) {
                        TimePlan.Span time = times.get(i);
                        Tensor pictures = run.next(latent, time, cancellation);
                        int after = i + 1 < times.size() ? times.get(i + 1).blend() : 0;
                        run.share(pictures, time.blend(), after);
                        sink.add(pictures, time.picture(), pixels * row.start(), pixels * column.start());
                        progress.report(++done, total);
                        cancellation.throwIfCancelled();
                    }
                }
            }
        }
    }

    private static int extent(Tensor latent, int axis) {
        return Math.toIntExact(latent.shape().dim(axis));
    }

    /// Side of a tile in cells; the longer side of the latent when it is not cut.
    private int tileCells(Shape latent, DecodeOptions options) {
        int longest = (int) Math.max(latent.dim(3), latent.dim(4));
        int pixels = traits().pixelsPerCell();
        if (options.tilePixels() > 0) {
            return Math.clamp(options.tilePixels() / pixels, Math.min(2, longest), longest);
        }
        int frames = (int) latent.dim(2);
        if (bytes(frames, latent.dim(3), latent.dim(4)) <= DecodeOptions.AUTO_BYTES) {
            return longest;
        }
        int smallest = Math.max(2, plan.memory().smallestTile() / pixels);
        for (int side : TILE_SIDES) {
            int cells = side / pixels;
            if (cells < longest && cells >= smallest && bytes(frames, cells, cells) <= DecodeOptions.AUTO_BYTES) {
                return cells;
            }
        }
        return Math.min(longest, smallest);
    }

    private int overlapCells(int tile, DecodeOptions options) {
        int wished = options.overlapPixels() == 0 ? tile / 4 : options.overlapPixels() / traits().pixelsPerCell();
        return Math.clamp(wished, 1, Math.max(1, tile / 2));
    }

    @Override
    public long workingBytes(Shape latent, DecodeOptions options) {
        int tile = tileCells(latent, options);
        return bytes((int) latent.dim(2), Math.min(tile, latent.dim(3)), Math.min(tile, latent.dim(4)));
    }

    private long bytes(int frames, long height, long width) {
        int longest = plan.time().longest(frames);
        long state = graph.state().stream()
                .mapToLong(input -> input.bytes(height, width))
                .sum();
        return 2 * state + plan.memory().activationBytes(traits().grid(), longest, height * width);
    }

    @Override
    public void close() {
        session.close();
    }

    /// The runs of one tile.
    private final class TileRun implements AutoCloseable {

        private final Arena arena = Arena.ofShared();
        private final TileAxis.Span row;
        private final TileAxis.Span column;
        private Map<String, Tensor> state;
        private Map<String, Tensor> spare;
        private boolean first = true;

        TileRun(TileAxis.Span row, TileAxis.Span column) {
            this.row = row;
            this.column = column;
            this.state = allocateState();
            this.spare = allocateState();
        }

        private Map<String, Tensor> allocateState() {
            Map<String, Tensor> tensors = new HashMap<>();
            for (StateInput input : graph.state()) {
                Shape shape = input.shape(row.length(), column.length());
                tensors.put(input.past(), Tensor.allocate(DType.F32, shape, arena));
            }
            return tensors;
        }

        /// The pictures of one run.
        Tensor next(Tensor latent, TimePlan.Span time, CancellationToken cancellation) {
            Map<String, Tensor> inputs = new HashMap<>(state);
            inputs.put("latent", framesFirst(latent, time));
            if (graph.marksFirst()) {
                Tensor flag = Tensor.zeros(DType.BOOL, Shape.of(1));
                flag.data().set(ValueLayout.JAVA_BYTE, 0, (byte) (first ? 1 : 0));
                inputs.put("first", flag);
            }
            int pixels = traits().pixelsPerCell();
            int count = time.skip() + time.pictures();
            Shape shape = Shape.of(count, (long) pixels * row.length(), (long) pixels * column.length(), 3);
            Tensor rgb = Tensor.zeros(DType.F32, shape);
            Map<String, Tensor> outputs = new HashMap<>();
            outputs.put("rgb", rgb);
            for (StateInput input : graph.state()) {
                outputs.put(input.last(), tensor(spare, input.past()));
            }
            session.runInto(inputs, outputs, cancellation);
            Map<String, Tensor> read = state;
            state = spare;
            spare = read;
            first = false;
            long skipBytes = rgb.data().byteSize() / count * time.skip();
            return new Tensor(
                    DType.F32,
                    Shape.of(time.pictures(), shape.dim(1), shape.dim(2), 3),
                    rgb.data().asSlice(skipBytes));
        }

        private static Tensor tensor(Map<String, Tensor> tensors, String name) {
            Tensor tensor = tensors.get(name);
            if (tensor == null) {
                throw new IllegalStateException("no state " + name);
            }
            return tensor;
        }

        /// Latent frames of the run within the tile, `[frames, channels, height, width]`.
        private Tensor framesFirst(Tensor latent, TimePlan.Span time) {
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
        void share(Tensor pictures, int before, int after) {
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
            arena.close();
        }
    }
}
