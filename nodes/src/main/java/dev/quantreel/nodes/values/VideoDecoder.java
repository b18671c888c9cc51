package dev.quantreel.nodes.values;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.vae.DecodeOptions;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.vae.VaeEncoder;
import dev.quantreel.engines.vae.VaeFeatures;
import dev.quantreel.engines.vae.VaeTraits;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Socket;
import java.util.Locale;
import java.util.Optional;

/// A decoder from latents to pictures, perhaps with an encoder: ComfyUI's `VAE`.
///
/// @param file the checkpoint
/// @param engine what runs it
@Socket("VAE")
public record VideoDecoder(ModelFile file, EngineChoice engine) {

    /// The decoder, opened; owned by the resource cache.
    ///
    /// @throws Exception when the file is no known decoder, or the engine refuses it
    public VaeDecoder open(NodeContext context) throws Exception {
        Engine runtime = engine.open(context);
        String key = "vae:" + file.digest() + ":" + runtime.id() + ":" + engine.threads();
        return context.resources()
                .get(key, Opened.class, () -> {
                    SharedFile.Lease lease = file.open(context).again();
                    try {
                        return new Opened(VaeDecoder.open(runtime, lease.file()), lease);
                    } catch (RuntimeException e) {
                        lease.close();
                        throw e;
                    }
                })
                .decoder();
    }

    /// The encoder of the same file, opened; owned by the resource cache.
    ///
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when the file has no encoder that is
    /// known
    /// @throws Exception when the engine refuses it
    public VaeEncoder openEncoder(NodeContext context) throws Exception {
        Engine runtime = engine.open(context);
        String key = "vae-encoder:" + file.digest() + ":" + runtime.id() + ":" + engine.threads();
        return context.resources()
                .get(key, OpenedEncoder.class, () -> {
                    SharedFile.Lease lease = file.open(context).again();
                    try {
                        return new OpenedEncoder(VaeEncoder.open(runtime, lease.file()), lease);
                    } catch (RuntimeException e) {
                        lease.close();
                        throw e;
                    }
                })
                .encoder();
    }

    /// Encodes pictures, with the memory it takes and its progress shown on the node.
    ///
    /// @param wished tiles; those chosen fit into the memory that is left
    /// @param ports inputs to blame when none fit
    /// @throws dev.quantreel.nodes.spi.NodeInputException when it would not fit into memory
    /// @throws IllegalArgumentException as [VaeEncoder#encode]
    public static Tensor encode(
            VaeEncoder encoder, Frames pictures, DecodeOptions wished, TileCheck.Ports ports, NodeContext context) {
        DecodeOptions options = new TileCheck("encoding", ports, tiles -> encoder.workingBytes(pictures, tiles))
                .require(wished, context);
        context.status(String.format(
                Locale.ROOT,
                "encoding %d pictures of %d x %d with %s, %.1f GiB of working memory",
                pictures.count(),
                pictures.width(),
                pictures.height(),
                encoder.traits().family(),
                encoder.workingBytes(pictures, options) / (double) (1 << 30)));
        return encoder.encode(pictures, options, context.cancellation(), context::progress);
    }

    /// How far two clips are apart by the features of the encoder of the same file; empty where it has none.
    ///
    /// @param reference cut to whole latent cells, in the middle of the pictures and at the end of the clip, where
    /// it has no other size
    /// @param test of the same shape
    /// @param ports inputs to blame when no tiles fit
    /// @throws dev.quantreel.nodes.spi.NodeInputException when it would not fit into memory
    /// @throws Exception when the engine refuses the encoder
    public Optional<VaeFeatures.Distance> featureDistance(
            Frames reference, Frames test, TileCheck.Ports ports, NodeContext context) throws Exception {
        VaeFeatures features;
        try {
            features = openFeatures(context);
        } catch (UnsupportedCheckpointException e) {
            return Optional.empty();
        }
        VaeTraits traits = features.traits();
        int cell = traits.pixelsPerCell();
        int each = traits.grid().framesPerLatent();
        int height = reference.height() / cell * cell;
        int width = reference.width() / cell * cell;
        int count = (reference.count() - 1) / each * each + 1;
        if (height == 0 || width == 0) {
            return Optional.empty();
        }
        Frames whole = reference.clip(0, count).cropped(height, width);
        DecodeOptions options = new TileCheck("comparing features", ports, tiles -> features.workingBytes(whole, tiles))
                .require(DecodeOptions.AUTO, context);
        context.status("comparing features of " + count + " frames in the encoder of " + traits.family());
        return Optional.of(
                features.distance(whole, test.clip(0, count).cropped(height, width), options, context.cancellation()));
    }

    private VaeFeatures openFeatures(NodeContext context) throws Exception {
        Engine runtime = engine.open(context);
        String key = "vae-features:" + file.digest() + ":" + runtime.id() + ":" + engine.threads();
        return context.resources()
                .get(key, OpenedFeatures.class, () -> {
                    SharedFile.Lease lease = file.open(context).again();
                    try {
                        return new OpenedFeatures(VaeFeatures.open(runtime, lease.file()), lease);
                    } catch (RuntimeException e) {
                        lease.close();
                        throw e;
                    }
                })
                .features();
    }

    private record OpenedFeatures(VaeFeatures features, SharedFile.Lease lease) implements AutoCloseable {
        @Override
        public void close() {
            features.close();
            lease.close();
        }
    }

    private record OpenedEncoder(VaeEncoder encoder, SharedFile.Lease lease) implements AutoCloseable {
        @Override
        public void close() {
            encoder.close();
            lease.close();
        }
    }

    private record Opened(VaeDecoder decoder, SharedFile.Lease lease) implements AutoCloseable {
        @Override
        public void close() {
            decoder.close();
            lease.close();
        }
    }
}
