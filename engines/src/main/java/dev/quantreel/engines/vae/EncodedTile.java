package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One tile of a clip on its way through an encoder, run after run along time. Closing frees what is carried from run
/// to run.
final class EncodedTile implements AutoCloseable {

    private static final int COLOURS = 3;

    private final OpenEncoder encoder;
    private final Frames frames;
    private final TileAxis.Span row;
    private final TileAxis.Span column;
    private final CancellationToken cancellation;
    private final CarriedState state;

    EncodedTile(
            OpenEncoder encoder,
            Frames frames,
            TileAxis.Span row,
            TileAxis.Span column,
            CancellationToken cancellation) {
        this.encoder = encoder;
        this.frames = frames;
        this.row = row;
        this.column = column;
        this.cancellation = cancellation;
        this.state = new CarriedState(encoder.graph().state(), row.length(), column.length(), cancellation);
    }

    /// The latent frames of the next run, `[latents, channels, height, width]`.
    Tensor latent(TimePlan.Span time) {
        Tensor part = Tensor.zeros(
                DType.F32, Shape.of(time.latents(), encoder.traits().latentChannels(), row.length(), column.length()));
        Map<String, Tensor> inputs = inputs(time);
        Map<String, Tensor> outputs = state.outputs(time.latents());
        outputs.put("latent", part);
        encoder.session().runInto(inputs, outputs, cancellation);
        state.advance();
        return part;
    }

    /// The levels of the next run, finest first, of an encoder that was opened with them.
    List<Tensor> levels(TimePlan.Span time) {
        Session session = encoder.session();
        Map<String, Tensor> results = session.run(inputs(time), cancellation);
        state.outputs(time.latents()).forEach((name, target) -> target.data()
                .copyFrom(results.getOrDefault(name, target).data()));
        state.advance();
        List<Tensor> levels = new ArrayList<>();
        for (String output : session.outputs()) {
            Tensor level = results.get(output);
            if (EncoderLevels.isLevel(output) && level != null) {
                levels.add(level);
            }
        }
        return levels;
    }

    private Map<String, Tensor> inputs(TimePlan.Span time) {
        Map<String, Tensor> inputs = state.inputs();
        if (encoder.graph().marksFirst()) {
            inputs.put("first", state.first());
        }
        inputs.put("pictures", pictures(time));
        return inputs;
    }

    /// The pictures that the latent frames of a run stand for, within the tile.
    private Tensor pictures(TimePlan.Span time) {
        int pixels = encoder.traits().pixelsPerCell();
        int each = encoder.traits().grid().framesPerLatent();
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

    @Override
    public void close() {
        state.close();
    }
}
