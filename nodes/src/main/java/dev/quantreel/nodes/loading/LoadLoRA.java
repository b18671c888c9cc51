package dev.quantreel.nodes.loading;

import dev.quantreel.engines.lora.LoraCheckpoint;
import dev.quantreel.engines.lora.LoraFile;
import dev.quantreel.engines.lora.LoraForm;
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

/// Adds a LoRA to a diffusion transformer: merged, or as branches beside its linears.
@NodeType(
        id = "LoadLoRA",
        title = "Load LoRA",
        category = "loading",
        description = "Adds a LoRA from the folder loras to a diffusion transformer: W + strength * alpha / rank * up *"
                + " down. Merged in full precision before anything is quantized; or as a 16-bit branch beside the"
                + " quantized linears, which another strength then does not quantize anew. Reads the spellings of kohya,"
                + " diffusers and lightx2v for models in any layout. Several can be chained.",
        aliases = {"LoraLoaderModelOnly", "LoRA", "adapter", "lightx2v", "low-rank branch"})
public final class LoadLoRA implements Node<LoadLoRA.Inputs, LoadLoRA.Outputs> {

    private static final CheckpointGate GATE = new CheckpointGate("file", "loras");

    /// Where the LoRA goes.
    public enum Form {
        /// See [LoraForm#MERGED].
        MERGE("merge", LoraForm.MERGED),
        /// See [LoraForm#BRANCH].
        BRANCH("16-bit branch", LoraForm.BRANCH);

        private final String label;
        private final LoraForm form;

        Form(String label, LoraForm form) {
            this.label = label;
            this.form = form;
        }

        @Override
        public String toString() {
            return label;
        }
    }

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
            double strength,

            @In(
                    help = "Where it goes: merge adds it to the weights before they are quantized and costs nothing per"
                            + " step; a 16-bit branch runs beside the linears of the blocks, untouched by"
                            + " quantization: another strength quantizes nothing anew, every step takes a"
                            + " little longer.",
                    initial = "merge")
            Form form) {}

    /// See [LoadLoRA].
    public record Outputs(
            @Out(help = "The model with the LoRA.") DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        DiffusionModel model = in.model();
        ModelFile changed = GATE.inspect(in.file(), context, (file, identity) -> {
            try (SharedFile.Lease base = model.file().open(context).again()) {
                LoraFile lora = LoraFile.of(file);
                context.status(in.file() + ": "
                        + what(LoraCheckpoint.of(base.file(), lora, in.strength(), in.form().form), lora));
            }
            return model.file().with(new ModelFile.Lora(identity, in.strength(), in.form().form));
        });
        return new Outputs(in.strength() == 0 ? model : model.with(changed));
    }

    private static String what(LoraCheckpoint checkpoint, LoraFile lora) {
        int unmatched = checkpoint.unmatched().size();
        int branches = checkpoint.branchedLayers();
        return "rank %d, %schanges %d tensors%s"
                .formatted(
                        lora.rank(),
                        branches == 0 ? "" : "beside " + branches + " linears, ",
                        checkpoint.changed(),
                        unmatched == 0 ? "" : "; " + unmatched + " others do not exist in this model");
    }

    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return GATE.fingerprint(constants, folders);
    }
}
