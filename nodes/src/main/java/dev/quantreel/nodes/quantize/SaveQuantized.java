package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.artifact.ArtifactReport;
import dev.quantreel.engines.artifact.ArtifactSource;
import dev.quantreel.engines.artifact.ArtifactWriter;
import dev.quantreel.engines.artifact.Recipe;
import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.checkpoint.CheckpointScan;
import dev.quantreel.engines.lora.LoraForm;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.video.SaveNames;
import java.nio.file.Path;
import java.time.LocalDateTime;

/// Saves a model as it is quantized, with its recipe and figures.
@NodeType(
        id = "SaveQuantized",
        title = "Save Quantized",
        category = "quantize/files",
        description = "Saves the model as the nodes before it quantize it: codes, grids, low-rank branches, the recipe"
                + " and the error of every layer in one safetensors file, which Load Quantized runs without the"
                + " original. Merged LoRAs are in the weights; LoRAs beside the weights are not saved. For a file that"
                + " ComfyUI loads take Save Quantized Model.",
        output = true,
        aliases = {"artifact", "save checkpoint", "recipe"})
public final class SaveQuantized implements Node<SaveQuantized.Inputs, SaveQuantized.Outputs> {

    /// See [SaveQuantized].
    public record Inputs(
            @In(help = "Model to save, with quantized weights.")
            DiffusionModel model,

            @In(help = "Name of the file below the output folder.", initial = "diffusion_models/quantized")
            String filenamePrefix,

            @In(help = "Name of the recipe, for people.", initial = "")
            String recipeName) {}

    /// See [SaveQuantized].
    public record Outputs(@Out(help = "The file.") String path) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        DiffusionModel model = in.model();
        QuantizationPlan plan = model.plan()
                .orElseThrow(() -> new NodeInputException(
                        "model", "is in full precision; connect a quantize node such as BGR Quantize before saving"));
        requireStorable(model, plan);
        SaveNames names = SaveNames.of(
                context.folders().output(), in.filenamePrefix(), new SaveNames.Size(0, 0), LocalDateTime.now());
        String name = names.fileName(names.nextCounter(), "safetensors");
        Path target = names.folder().resolve(name);
        Recipe recipe = new Recipe(in.recipeName(), plan, Math.min(8, model.activationBits()));
        ModelAssembly.Weights weights = ModelAssembly.weights(model, context);
        write(weights, recipe, target, context);
        try (CheckpointFile written = CheckpointFiles.open(target)) {
            ArtifactReport report = ArtifactReport.of(written).orElseThrow();
            context.show(new UiItem.Text(("%s: %s, %d layers, %,d bytes, %.2f times smaller than in bf16, relative"
                            + " error %.4f (worst %.4f, %s)")
                    .formatted(
                            name,
                            recipe.describe(),
                            report.layers().size(),
                            report.tensorBytes(),
                            report.ratio(),
                            report.relativeError(),
                            report.worst().relativeError(),
                            report.worst().layer().name())));
        }
        context.show(new UiItem.FileItem(
                UiItem.Kind.FILES, name, names.subfolder(), UiItem.Root.OUTPUT, "application/octet-stream"));
        return new Outputs(target.toString());
    }

    private static void requireStorable(DiffusionModel model, QuantizationPlan plan) {
        if (model.file().loras().stream().anyMatch(lora -> lora.form() != LoraForm.MERGED)) {
            throw new NodeInputException(
                    "model",
                    "has LoRAs beside its weights, which this file cannot hold; merge them, or leave them out");
        }
        if (plan.input().fusedValues()) {
            throw new NodeInputException(
                    "model",
                    "moves rotations into the weights of its values, which this file cannot hold; switch fuseValues off"
                            + " at the node that quantizes activations");
        }
        if (plan.smoothing() instanceof SmoothingPlan.OfInput) {
            throw new NodeInputException(
                    "model",
                    "rounds its weights anew at every step (SmoothQuant of the very input), so that there are no codes"
                            + " to save; take another strength at SmoothQuant");
        }
    }

    private static void write(ModelAssembly.Weights weights, Recipe recipe, Path target, NodeContext context) {
        QuantizedWeights quantized =
                weights.quantized().orElseThrow().with(weights.lease().branches());
        CheckpointFile file = weights.lease().file();
        ArtifactSource source = new ArtifactSource(
                String.valueOf(file.path().getFileName()),
                file.digest(),
                CheckpointScan.bytes(file),
                file.format().toString());
        ArtifactWriter.write(
                weights.checkpoint(),
                quantized,
                target,
                new ArtifactWriter.Document(recipe, source),
                new ArtifactWriter.Watch(
                        step -> {
                            context.status("saving " + step.unit());
                            context.progress(step.doneBytes(), step.totalBytes());
                        },
                        context.cancellation()));
    }
}
