package dev.quantreel.nodes.loading;

import dev.quantreel.engines.vae.VaeDecoder;
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
        description =
                "Recognises a VAE in the folder vae, also inside an all-in-one checkpoint there: Wan 2.1, Wan 2.2,"
                        + " HunyuanVideo, HunyuanVideo 1.5, LTX-Video 0.9.x, Stable Diffusion (for Latte), or a TAEHV decoder (taew2_1, taew2_2,"
                        + " taehv, taehv1_5, taecvx), which is small and many times faster. Says which it is.",
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
            context.status(in.file() + ": " + VaeDecoder.traits(file).describe());
            return decoder;
        });
        return new Outputs(vae);
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
