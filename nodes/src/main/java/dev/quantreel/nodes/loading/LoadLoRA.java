package dev.quantreel.nodes.loading;

import dev.quantreel.engines.lora.LoraCheckpoint;
import dev.quantreel.engines.lora.LoraFile;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelFile;
import dev.quantreel.nodes.values.SharedFile;
import java.io.IOException;

/// Merges a LoRA into a diffusion transformer.
@NodeType(
        id = "LoadLoRA",
        title = "Load LoRA",
        category = "loading",
        description = "Adds a LoRA from the folder loras to a diffusion transformer: W + strength * alpha / rank * up *"
                + " down, in full precision, before anything is quantized. Reads the spellings of kohya, diffusers and"
                + " lightx2v for models in any layout. Several can be chained.",
        aliases = {"LoraLoaderModelOnly", "LoRA", "adapter", "lightx2v"})
public final class LoadLoRA implements Node<LoadLoRA.Inputs, LoadLoRA.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "loras");

    /// See [LoadLoRA].
    public record Inputs(
            @In(help = "Model to change.") DiffusionModel model,

            @In(help = "A LoRA in loras, trained for this model.", folder = "loras")
            String file,

            @In(
                    help = "How strongly it acts: 1 as it was trained, 0 not at all; negative values turn it round.",
                    initial = "1",
                    min = -100,
                    max = 100,
                    step = 0.01)
            double strength) {}

    /// See [LoadLoRA].
    public record Outputs(
            @Out(help = "The model with the LoRA.") DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        DiffusionModel model = in.model();
        ModelFile merged = GATE.inspect(in.file(), context, (file, identity) -> {
            try (SharedFile.Lease base = model.file().open(context).again()) {
                LoraFile lora = LoraFile.of(file);
                LoraCheckpoint checkpoint = LoraCheckpoint.of(base.file(), lora, in.strength());
                int unmatched = checkpoint.unmatched().size();
                context.status("%s: rank %d, changes %d tensors%s"
                        .formatted(
                                in.file(),
                                lora.rank(),
                                checkpoint.changed(),
                                unmatched == 0 ? "" : "; " + unmatched + " others do not exist in this model"));
            }
            return model.file().with(identity, in.strength());
        });
        return new Outputs(in.strength() == 0 ? model : model.with(merged));
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
