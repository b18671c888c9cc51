package dev.quantreel.nodes.values;

import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.text.PromptTokenizer;
import dev.quantreel.engines.text.TextEncoder;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.Socket;

/// A text encoder: ComfyUI's `CLIP`.
///
/// @param file the checkpoint
/// @param textLength tokens to which it pads, unless the prompt is longer
/// @param engine what runs it
@Socket("CLIP")
public record TextModel(ModelFile file, int textLength, EngineChoice engine) {

    /// The encoder and its tokenizer, opened; owned by the resource cache.
    ///
    /// @throws Exception when the file is no text encoder, or the engine refuses it
    public Opened open(NodeContext context) throws Exception {
        Engine runtime = engine.open(context);
        String key = "text-encoder:" + file.digest() + ":" + runtime.id() + ":" + engine.threads();
        return context.resources().get(key, Opened.class, () -> {
            SharedFile.Lease lease = file.open(context).again();
            try {
                PromptTokenizer tokenizer = PromptTokenizer.of(lease.file(), file.path());
                return new Opened(TextEncoder.open(runtime, lease.file(), tokenizer), tokenizer, lease);
            } catch (RuntimeException e) {
                lease.close();
                throw e;
            }
        });
    }

    /// @param tokenizer closed with the encoder
    /// @param lease of the file the encoder reads
    public record Opened(TextEncoder encoder, PromptTokenizer tokenizer, SharedFile.Lease lease)
            implements AutoCloseable {
        @Override
        public void close() {
            encoder.close();
            lease.close();
        }
    }
}
