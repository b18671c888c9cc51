package dev.quantreel.nodes.values;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.vision.ClipVisionEncoder;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Releasable;
import dev.quantreel.nodes.spi.Socket;

/// An encoder of pictures: ComfyUI's `CLIP_VISION`.
///
/// @param file the checkpoint
/// @param engine what runs it
@Socket("CLIP_VISION")
public record VisionModel(ModelFile file, EngineChoice engine) {

    /// The encoder, opened; owned by the resource cache.
    ///
    /// @throws Exception when the file is no such encoder, or the engine refuses it
    public ClipVisionEncoder open(NodeContext context) throws Exception {
        Engine runtime = engine.open(context);
        String key = "clip-vision:" + file.digest() + ":" + runtime.id() + ":" + engine.threads();
        return context.resources()
                .get(key, Opened.class, () -> {
                    context.status("opening " + file.name());
                    SharedFile.Lease lease = file.open(context).again();
                    try {
                        return new Opened(ClipVisionEncoder.open(runtime, lease.file()), lease);
                    } catch (RuntimeException e) {
                        lease.close();
                        throw e;
                    }
                })
                .encoder();
    }

    private record Opened(ClipVisionEncoder encoder, SharedFile.Lease lease) implements Releasable {

        @Override
        public long residentBytes() {
            return encoder.weightBytes();
        }

        @Override
        public void close() {
            encoder.close();
            lease.close();
        }
    }
}
