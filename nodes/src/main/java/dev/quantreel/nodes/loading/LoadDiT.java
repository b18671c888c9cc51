package dev.quantreel.nodes.loading;

import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import java.io.IOException;

/// Opens a video diffusion transformer.
@NodeType(
        id = "LoadDiT",
        title = "Load DiT",
        category = "loading",
        description = "Opens a video diffusion transformer (DiT), the model that makes the video, from the"
                + " folder diffusion_models: Wan 2.1 and 2.2, HunyuanVideo 1.0 and 1.5, LTX-Video,"
                + " CogVideoX or Latte, in any common layout and format (safetensors, diffusers folders,"
                + " fp8, GGUF). The model stays in full precision until a quantize node refines it;"
                + " weights are read when it is first used.",
        aliases = {"Load Diffusion Model", "UNETLoader", "Wan", "checkpoint"})
public final class LoadDiT implements Node<LoadDiT.Inputs, LoadDiT.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "diffusion_models");

    /// See [LoadDiT].
    public record Inputs(
            @In(
                    help =
                            "A file in diffusion_models: safetensors (also fp8_scaled, INT8 and ConvRot W4A4), the index of a"
                                    + " sharded set, or GGUF.",
                    folder = "diffusion_models")
            String file) {}

    /// See [LoadDiT].
    public record Outputs(
            @Out(help = "The model in full precision.") DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        DiffusionModel model = GATE.inspect(
                in.file(),
                context,
                (file, identity) -> DiffusionModel.fullPrecision(
                        identity, TransformerCheckpoint.of(file).architecture()));
        TransformerFacts facts = model.facts();
        context.status("%s: %s, %d blocks, width %d, %d heads, text width %d"
                .formatted(
                        in.file(),
                        facts.variant(),
                        facts.sizes().layers(),
                        facts.sizes().dim(),
                        facts.sizes().heads(),
                        facts.text().width()));
        return new Outputs(model);
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
