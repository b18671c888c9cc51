package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.FrameBuffer;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.PictureSink;

/// A decoder from latents to pictures, opened on an engine. Decodes a tile of the picture and a few latent frames
/// at a
/// time, so that memory grows neither with the length of the clip nor, past the tile, with its size. Takes latents
/// as
/// the diffusion transformer leaves them; what the VAE was trained on is restored inside ([LatentNormalization]).
/// Not
/// thread-safe; closed by whoever opened it.
public interface VaeDecoder extends AutoCloseable {

    /// Recognises the family from the names of the tensors, in the layouts of its authors, ComfyUI and diffusers,
    /// also
    /// with the prefixes `vae.` and `first_stage_model.` of all-in-one files.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file is no known decoder, or a
    /// tensor
    /// is missing or of another shape; says what the file is and what is accepted
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run the graph
    static VaeDecoder open(Engine engine, Checkpoint checkpoint) {
        return TiledDecoder.open(engine, DecoderFamilies.plan(checkpoint));
    }

    /// Reads what the decoder would be without opening it.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException as [#open]
    static VaeTraits traits(Checkpoint checkpoint) {
        return DecoderFamilies.traits(checkpoint);
    }

    /// What it is and what it pairs with.
    VaeTraits traits();

    /// Decodes a whole clip into `sink`, part by part.
    ///
    /// @param latent F32 `[1, channels, frames, height, width]`, as the diffusion transformer leaves it
    /// @param cancellation asked between runs and by the engine between operators
    /// @throws IllegalArgumentException when the latent has another type or shape; says which
    /// @throws java.util.concurrent.CancellationException when interrupted
    void decode(
            Tensor latent, PictureSink sink, DecodeOptions options, CancellationToken cancellation, Progress progress);

    /// Decodes a short clip into memory.
    default Frames decode(Tensor latent, CancellationToken cancellation) {
        FrameBuffer buffer = new FrameBuffer();
        decode(latent, buffer, DecodeOptions.AUTO, cancellation, (done, total) -> {});
        return buffer.frames();
    }

    /// Native memory that decoding needs besides the weights: an estimate of one run's activations and of the state
    /// carried from run to run, not the frames.
    ///
    /// @param latent `[1, channels, frames, height, width]`
    long workingBytes(Shape latent, DecodeOptions options);

    /// Bytes of the weights as the engine holds them.
    long weightBytes();

    @Override
    void close();

    /// Told after each run of the graph.
    @FunctionalInterface
    interface Progress {
        /// @param done runs finished
        /// @param total runs of this clip
        void report(int done, int total);
    }
}
