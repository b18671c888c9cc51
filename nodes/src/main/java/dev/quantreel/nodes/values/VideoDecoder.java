package dev.quantreel.nodes.values;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Socket;

/// A decoder from latents to pictures: ComfyUI's `VAE`.
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

    private record Opened(VaeDecoder decoder, SharedFile.Lease lease) implements AutoCloseable {
        @Override
        public void close() {
            decoder.close();
            lease.close();
        }
    }
}
