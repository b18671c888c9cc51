package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;

/// An encoder from pictures to latents, opened on an engine, for image conditioning. Encodes a tile and a few
/// pictures
/// at a time, as [VaeDecoder] decodes. Not thread-safe; closed by whoever opened it.
public interface VaeEncoder extends AutoCloseable {

    /// Opens the encoder of Wan 2.1's, Wan 2.2's or HunyuanVideo's VAE, in the layouts of its authors, ComfyUI and
    /// diffusers.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file holds no such encoder;
    /// says what it is and which file does
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run the graph
    static VaeEncoder open(Engine engine, Checkpoint file) {
        return TiledEncoder.open(engine, EncoderFamilies.plan(file));
    }

    /// What it is and what it pairs with.
    VaeTraits traits();

    /// Encodes a clip.
    ///
    /// @param frames 1, 5, 9, ... pictures whose sides are multiples of [VaeTraits#pixelsPerCell]
    /// @return the mean of the latent distribution as the diffusion transformer takes it, F32
    /// `[1, channels, latents, height, width]`
    /// @throws IllegalArgumentException when the frames have another count or size; says what is accepted
    /// @throws java.util.concurrent.CancellationException when interrupted
    Tensor encode(Frames frames, DecodeOptions options, CancellationToken cancellation, VaeDecoder.Progress progress);

    /// Native memory that encoding needs besides the weights: an estimate of one run's activations and of the state
    /// carried from run to run, not the latent.
    ///
    /// @param frames that [#encode] accepts
    long workingBytes(Frames frames, DecodeOptions options);

    @Override
    void close();
}
