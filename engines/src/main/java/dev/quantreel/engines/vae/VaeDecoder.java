package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/// A TAEHV decoder (taew2_1 and relatives) opened on an engine: latents of Wan 2.1 to pictures. Works a few latent
/// frames at a time, carrying the state of its memory blocks, so that memory does not grow with the length of the
/// clip. Not thread-safe; closed by whoever opened it.
public final class VaeDecoder implements AutoCloseable {

    /// Latent cells that one run of the graph decodes at most, unless a single frame has more.
    private static final int CELLS_PER_CHUNK = 4096;

    private final TaehvConfig config;
    private final Session session;
    private final int cellsPerChunk;

    private VaeDecoder(TaehvConfig config, Session session, int cellsPerChunk) {
        this.config = config;
        this.session = session;
        this.cellsPerChunk = cellsPerChunk;
    }

    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file is not a TAEHV decoder
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run the graph
    public static VaeDecoder open(Engine engine, Checkpoint checkpoint) {
        return open(engine, checkpoint, CELLS_PER_CHUNK);
    }

    static VaeDecoder open(Engine engine, Checkpoint checkpoint, int cellsPerChunk) {
        TaehvConfig config = TaehvConfig.of(checkpoint);
        Session session = engine.open(TaehvGraph.build(config, new FloatWeights(checkpoint)));
        return new VaeDecoder(config, session, cellsPerChunk);
    }

    /// Channels of the latents it decodes.
    public int latentChannels() {
        return config.latentChannels();
    }

    /// Decodes a whole clip.
    ///
    /// @param latent F32 `[1, channels, frames, height, width]`, as the diffusion transformer leaves it
    /// @return `4 * frames - 3` pictures of `8 * height` x `8 * width` pixels
    /// @throws IllegalArgumentException when the latent has another type or shape
    public Frames decode(Tensor latent, CancellationToken cancellation) {
        return decode(latent, cancellation, (done, total) -> {});
    }

    /// Like [#decode(Tensor, CancellationToken)], reporting progress.
    public Frames decode(Tensor latent, CancellationToken cancellation, Progress progress) {
        require(latent);
        int frames = Math.toIntExact(latent.shape().dim(2));
        long height = latent.shape().dim(3);
        long width = latent.shape().dim(4);
        int chunk = (int) Math.clamp(cellsPerChunk / (height * width), 1L, frames);
        long rows = TaehvConfig.PIXELS_PER_CELL * height;
        long columns = TaehvConfig.PIXELS_PER_CELL * width;
        Tensor rgb = Tensor.zeros(DType.F32, Shape.of(TaehvConfig.frames(frames), rows, columns, 3));
        long pictureBytes = rows * columns * 3 * Float.BYTES;
        Map<String, Tensor> state = initialState(height, width);
        for (int first = 0; first < frames; first += chunk) {
            Map<String, Tensor> inputs = new HashMap<>(state);
            inputs.put("latent", framesFirst(latent, first, Math.min(chunk, frames - first)));
            Map<String, Tensor> outputs = session.run(inputs, cancellation);
            long picture = (long) TaehvConfig.FRAMES_PER_LATENT * first - TaehvConfig.TRIM;
            long skipBytes = Math.max(0, -picture) * pictureBytes;
            MemorySegment pictures = output(outputs, "rgb").data().asSlice(skipBytes);
            MemorySegment.copy(pictures, 0, rgb.data(), Math.max(0, picture) * pictureBytes, pictures.byteSize());
            state.replaceAll((name, old) -> output(outputs, "last" + name.substring("past".length())));
            progress.report(Math.min(first + chunk, frames), frames);
        }
        return new Frames(rgb);
    }

    private void require(Tensor latent) {
        boolean fits = latent.dtype() == DType.F32
                && latent.shape().rank() == 5
                && latent.shape().dim(0) == 1
                && latent.shape().dim(1) == config.latentChannels()
                && latent.elements() > 0;
        if (!fits) {
            throw new IllegalArgumentException("the latent is " + latent.dtype() + latent.shape()
                    + "; this decoder takes F32[1x" + config.latentChannels() + "xframesxheightxwidth]");
        }
    }

    private Map<String, Tensor> initialState(long height, long width) {
        Map<String, Tensor> state = new HashMap<>();
        for (int stage = 0; stage < TaehvConfig.STAGES; stage++) {
            Shape shape = Shape.of(1, config.widths().get(stage), height << stage, width << stage);
            for (int block = 0; block < TaehvConfig.BLOCKS_PER_STAGE; block++) {
                state.put(TaehvGraph.past(TaehvConfig.block(stage, block)), Tensor.zeros(DType.F32, shape));
            }
        }
        return state;
    }

    /// Frames `first` up to `first + count` as `[count, channels, height, width]`.
    private static Tensor framesFirst(Tensor latent, int first, int count) {
        Shape shape = latent.shape();
        long channels = shape.dim(1);
        long planeBytes = shape.dim(3) * shape.dim(4) * Float.BYTES;
        Tensor frames = Tensor.zeros(DType.F32, Shape.of(count, channels, shape.dim(3), shape.dim(4)));
        for (long frame = 0; frame < count; frame++) {
            for (long channel = 0; channel < channels; channel++) {
                long source = (channel * shape.dim(2) + first + frame) * planeBytes;
                long target = (frame * channels + channel) * planeBytes;
                MemorySegment.copy(latent.data(), source, frames.data(), target, planeBytes);
            }
        }
        return frames;
    }

    private static Tensor output(Map<String, Tensor> outputs, String name) {
        Tensor output = outputs.get(name);
        if (output == null) {
            throw new IllegalStateException("no output " + name + " among " + outputs.keySet());
        }
        return output;
    }

    @Override
    public void close() {
        session.close();
    }

    /// Told after each chunk.
    @FunctionalInterface
    public interface Progress {
        /// @param done latent frames decoded so far
        /// @param total latent frames of the clip
        void report(int done, int total);
    }
}
