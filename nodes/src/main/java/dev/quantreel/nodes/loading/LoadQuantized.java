package dev.quantreel.nodes.loading;

import dev.quantreel.engines.artifact.Artifact;
import dev.quantreel.engines.artifact.ArtifactHeader;
import dev.quantreel.engines.artifact.Recipe;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelFile;
import java.io.IOException;

/// Opens a file that was quantized before, by its recipe.
@NodeType(
        id = "LoadQuantized",
        title = "Load Quantized",
        category = "loading",
        description = "Opens a diffusion transformer that Save Quantized or `quantreel quantize` wrote. It runs without"
                + " the original: the codes are taken as they are, and activations are quantized as its recipe says."
                + " Nodes after it may choose other activations on the same rotation; for other weights load the"
                + " original.",
        aliases = {"artifact", "quantized checkpoint", "W4"})
public final class LoadQuantized implements Node<LoadQuantized.Inputs, LoadQuantized.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "diffusion_models");

    /// See [LoadQuantized].
    public record Inputs(
            @In(
                    help = "A file in diffusion_models that Save Quantized or `quantreel quantize` wrote.",
                    folder = "diffusion_models")
            String file) {}

    /// See [LoadQuantized].
    public record Outputs(
            @Out(help = "The model, quantized by the file's recipe.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        return new Outputs(
                GATE.inspect(in.file(), context, (file, identity) -> model(in.file(), file, identity, context)));
    }

    private static DiffusionModel model(String name, CheckpointFile file, ModelFile identity, NodeContext context) {
        ArtifactHeader header = Artifact.of(file.stored())
                .orElseThrow(() -> new NodeInputException(
                        "file",
                        "is '" + name + "', which is " + file.format() + "; a file of Save Quantized or `quantreel"
                                + " quantize` is expected, Load DiT opens all others"))
                .header();
        context.status(name + ": " + header.recipe().describe() + ", made from "
                + header.source().name() + " by " + header.tool());
        DiffusionModel plain = DiffusionModel.fullPrecision(
                identity, TransformerCheckpoint.of(file).architecture());
        return planned(plain, header.recipe());
    }

    private static DiffusionModel planned(DiffusionModel model, Recipe recipe) {
        QuantizationPlan plan = recipe.plan();
        DiffusionModel weightsAlone = model.with(new DiffusionModel.Weights(plan.weight(), plan.layers()))
                .with(model.additions().with(plan.branch()).with(plan.smoothing()));
        return weightsAlone.plan().filter(plan::equals).isPresent()
                ? weightsAlone
                : weightsAlone.with(new DiffusionModel.Activations(plan.input(), recipe.activationBits()));
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
