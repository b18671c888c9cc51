package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.CheckpointShapes;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;

/// Runs the encoder tile after tile, and within a tile the first picture and then four at a time.
final class WanEncoder implements VaeEncoder {

    private static final int FRAMES_PER_LATENT = 4;
    private static final int COLOURS = 3;
    private static final int SMALLEST_TILE = 128;

    private final VaeTraits traits;
    private final DecoderPlan.Graph graph;
    private final DecoderPlan.Memory memory;
    private final Session session;

    private WanEncoder(VaeTraits traits, DecoderPlan.Graph graph, DecoderPlan.Memory memory, Session session) {
        this.traits = traits;
        this.graph = graph;
        this.memory = memory;
        this.session = session;
    }

    static WanEncoder open(Engine engine, Checkpoint checkpoint) {
        try (Arena arena = Arena.ofShared()) {
            WanVaeLayout layout = WanVaeLayout.of(checkpoint);
            VaeTraits traits = WanFamilies.traits(checkpoint);
            VaeLayers layers = WanFamilies.layers(checkpoint, arena, "wan-vae-encoder");
            DecoderPlan.Graph graph =
                    WanEncoderGraph.build(new WanBlocks(layers, CausalTime.streaming(layers), layout), traits);
            int width = CheckpointShapes.extent(checkpoint, layout.name("encoder.conv_in.weight"), 5, 0);
            int patch = WanFamilies.patch(traits);
            DecoderPlan.Memory memory = new DecoderPlan.Memory(
                    DecoderPlan.Memory.MAPS * width / (patch * patch),
                    DecoderPlan.Memory.Attention.FRAME,
                    SMALLEST_TILE);
            return new WanEncoder(traits, graph, memory, engine.open(graph.model()));
        }
    }

    @Override
    public VaeTraits traits() {
        return traits;
    }

    @Override
    public long workingBytes(Frames frames, DecodeOptions options) {
        return tiling(frames).workingBytes(latentShape(frames), 1, options);
    }

    /// A run of a clip takes four pictures, that of a picture by itself one.
    private Tiling tiling(Frames frames) {
        VaeTraits.Grid grid = frames.count() == 1 ? VaeTraits.Grid.stills(traits.pixelsPerCell()) : traits.grid();
        return new Tiling(grid, memory, graph.state());
    }

    @Override
    public Tensor encode(
            Frames frames, DecodeOptions options, CancellationToken cancellation, VaeDecoder.Progress progress) {
        Shape shape = latentShape(frames);
        int latents = Math.toIntExact(shape.dim(2));
        Tensor latent = Tensor.zeros(DType.F32, shape);
        Tiling tiling = tiling(frames);
        int tile = tiling.tileCells(shape, 1, options);
        int overlap = tiling.overlapCells(tile, options);
        List<TileAxis.Span> rows =
                TileAxis.of((int) shape.dim(3), tile, overlap).spans();
        List<TileAxis.Span> columns =
                TileAxis.of((int) shape.dim(4), tile, overlap).spans();
        int total = rows.size() * columns.size() * latents;
        int done = 0;
        for (TileAxis.Span row : rows) {
            for (TileAxis.Span column : columns) {
                try (CarriedState state = new CarriedState(graph.state(), row.length(), column.length())) {
                    for (int at = 0; at < latents; at++) {
                        Tensor part = Tensor.zeros(
                                DType.F32, Shape.of(1, traits.latentChannels(), row.length(), column.length()));
                        Map<String, Tensor> inputs = state.inputs();
                        inputs.put("first", state.first());
                        inputs.put("pictures", pictures(frames, at, row, column));
                        Map<String, Tensor> outputs = state.outputs();
                        outputs.put("latent", part);
                        session.runInto(inputs, outputs, cancellation);
                        state.advance();
                        add(latent, part, at, row, column);
                        progress.report(++done, total);
                        cancellation.throwIfCancelled();
                    }
                }
            }
        }
        return latent;
    }

    private Shape latentShape(Frames frames) {
        int pixels = traits.pixelsPerCell();
        if ((frames.count() - 1) % FRAMES_PER_LATENT != 0
                || frames.height() % pixels != 0
                || frames.width() % pixels != 0) {
            throw new IllegalArgumentException(frames.count() + " frames of " + frames.width() + " x " + frames.height()
                    + " pixels; accepted are 1, 5, 9, ... frames whose sides are multiples of " + pixels);
        }
        int latents = (frames.count() - 1) / FRAMES_PER_LATENT + 1;
        return Shape.of(1, traits.latentChannels(), latents, frames.height() / pixels, frames.width() / pixels);
    }

    /// The pictures that latent frame `at` stands for, within a tile.
    private Tensor pictures(Frames frames, int at, TileAxis.Span row, TileAxis.Span column) {
        int pixels = traits.pixelsPerCell();
        int count = at == 0 ? 1 : FRAMES_PER_LATENT;
        int first = at == 0 ? 0 : FRAMES_PER_LATENT * (at - 1) + 1;
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

    /// Adds a tile's share of one latent frame.
    private static void add(Tensor latent, Tensor part, int at, TileAxis.Span row, TileAxis.Span column) {
        Shape shape = latent.shape();
        long source = 0;
        for (long channel = 0; channel < shape.dim(1); channel++) {
            for (int y = 0; y < row.length(); y++) {
                float inRow = TileAxis.share(y, row.length(), row.before(), row.after());
                long line = ((channel * shape.dim(2) + at) * shape.dim(3) + row.start() + y) * shape.dim(4);
                for (int x = 0; x < column.length(); x++, source += Float.BYTES) {
                    float share = inRow * TileAxis.share(x, column.length(), column.before(), column.after());
                    long offsetBytes = Float.BYTES * (line + column.start() + x);
                    float sum = latent.data().get(Tensor.FLOAT, offsetBytes)
                            + share * part.data().get(Tensor.FLOAT, source);
                    latent.data().set(Tensor.FLOAT, offsetBytes, sum);
                }
            }
        }
    }

    @Override
    public void close() {
        session.close();
    }
}
