package dev.quantreel.nodes.video;

import dev.quantreel.engines.tensor.CheckpointException;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.ModelFile;
import java.io.IOException;

/// Loads a saved latent.
@NodeType(
        id = "LoadLatent",
        title = "Load Latent",
        category = "video",
        description =
                "Loads a latent that Decode VAE saved (in the folder latents of the output), or one that ComfyUI's"
                        + " SaveLatent wrote (in the input folder), to decode it again without sampling.",
        aliases = {"latent", "resume"})
public final class LoadLatent implements Node<LoadLatent.Inputs, LoadLatent.Outputs> {

    /// See [LoadLatent].
    public record Inputs(
            @In(help = "The saved latent; the newest first.", options = LatentFiles.class)
            String latent) {}

    /// See [LoadLatent].
    public record Outputs(@Out(help = "The latent.") Latent latent) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        try {
            Latent latent = LatentFile.load(LatentFiles.resolve("latent", in.latent(), context.folders()));
            NonFinite.firstIn("the latent", latent.samples()).ifPresent(found -> {
                throw new NodeInputException("latent", "has " + found.describe() + "; accepted are finite values");
            });
            return new Outputs(latent);
        } catch (CheckpointException | IllegalArgumentException e) {
            throw new NodeInputException("latent", "is '" + in.latent() + "'; it " + e.getMessage(), e);
        }
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return ModelFile.stamp(
                LatentFiles.resolve("latent", constants.string("latent").orElse(""), folders));
    }
}
