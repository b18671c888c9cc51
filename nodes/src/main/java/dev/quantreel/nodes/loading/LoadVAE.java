package dev.quantreel.nodes.loading;

import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.EngineChoice;
import dev.quantreel.nodes.values.VideoDecoder;
import java.io.IOException;
import java.util.Optional;

/// Opens a decoder from latents to pictures.
@NodeType(
        id = "LoadVAE",
        title = "Load VAE",
        category = "loading",
        description = "Opens a TAEHV decoder (such as taew2_1 for Wan 2.1) from the folder vae: the small, fast decoder"
                + " that turns the latents of a diffusion transformer into frames.",
        aliases = {"VAELoader", "TAEHV", "taew2_1", "autoencoder"})
public final class LoadVAE implements Node<LoadVAE.Inputs, LoadVAE.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "vae");

    /// See [LoadVAE].
    public record Inputs(
            @In(help = "A .safetensors file in vae.", folder = "vae")
            String file,

            @In(help = "What runs it; the best engine of this machine when not connected.")
            Optional<EngineChoice> engine) {}

    /// See [LoadVAE].
    public record Outputs(@Out(help = "The decoder.") VideoDecoder vae) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        VideoDecoder vae = GATE.inspect(in.file(), context, (file, identity) -> {
            VideoDecoder decoder = new VideoDecoder(identity, in.engine().orElse(EngineChoice.BEST));
            decoder.open(context);
            return decoder;
        });
        return new Outputs(vae);
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
