package dev.quantreel.engines.vision;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.util.Map;

/// CLIP's picture encoder up to its penultimate layer, whose vectors Wan 2.1's image-to-video models read (Radford et
/// al., 2021, arXiv 2103.00020; ViT-H/14 of open_clip), or SigLIP's with its last norm, which HunyuanVideo 1.5 reads
/// (Zhai et al., 2023, arXiv 2303.15343; So400m/14 at 384 pixels). Not thread-safe; closed by whoever opened it.
public final class ClipVisionEncoder implements AutoCloseable {

    private final ClipVisionConfig config;
    private final Session session;
    private final long weightBytes;

    private ClipVisionEncoder(ClipVisionConfig config, Session session, long weightBytes) {
        this.config = config;
        this.session = session;
        this.weightBytes = weightBytes;
    }

    /// Opens an encoder with the weights of its file, in the layout of transformers (`vision_model.`), open_clip or Wan
    /// (`visual.`).
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when it is no such file, or incomplete
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run the graph
    public static ClipVisionEncoder open(Engine engine, Checkpoint checkpoint) {
        ClipVisionKeys keys = ClipVisionKeys.of(checkpoint);
        ClipVisionConfig config = ClipVisionConfig.of(keys);
        OnnxModel model = ClipVisionGraph.build(config, new FloatWeights(keys), Dialect.ONNX_RUNTIME);
        return new ClipVisionEncoder(config, engine.open(model), model.weightBytes());
    }

    /// Checks that a file is an encoder, without opening it.
    ///
    /// @return what it is, for people
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException as [#open]
    public static String describe(Checkpoint checkpoint) {
        ClipVisionConfig config = ClipVisionConfig.of(ClipVisionKeys.of(checkpoint));
        return "%s, %d layers, width %d, pictures of %d pixels"
                .formatted(config.kind().title(), config.layers(), config.dim(), config.imageSize());
    }

    /// Side of the square pictures it reads, pixels.
    public int imageSize() {
        return config.imageSize();
    }

    /// Width of a vector; 1280 of ViT-H, 1152 of SigLIP's So400m.
    public int dim() {
        return config.dim();
    }

    /// Bytes of the weights.
    public long weightBytes() {
        return weightBytes;
    }

    /// Encodes a picture.
    ///
    /// @param picture number of it among `frames`
    /// @param crop how it is made square
    /// @return F32 `[1, tokens, dim]`: the class token and one vector per patch, 257 x 1280 of ViT-H; of SigLIP
    /// patches alone, 729 x 1152 of So400m
    public Tensor encode(Frames frames, int picture, ImageCrop crop, CancellationToken cancellation) {
        return encode(ClipPixels.of(frames, picture, crop, config), cancellation);
    }

    /// Encodes pixels that are ready.
    ///
    /// @param pixels F32 `[1, 3, size, size]`, normalized
    public Tensor encode(Tensor pixels, CancellationToken cancellation) {
        return session.run(Map.of(ClipVisionGraph.PIXELS, pixels), ClipVisionGraph.HIDDEN, cancellation);
    }

    @Override
    public void close() {
        session.close();
    }
}
