package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.convert.ComfyConversion;
import dev.quantreel.engines.convert.ComfyFormat;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.SharedFile;
import dev.quantreel.nodes.video.SaveNames;
import java.nio.file.Path;
import java.time.LocalDateTime;

/// Writes a quantized checkpoint that ComfyUI loads.
@NodeType(
        id = "SaveQuantizedModel",
        title = "Save Quantized Model",
        category = "quantize/files",
        description =
                "Quantizes the linears of a diffusion transformer, all LoRAs merged, and saves it as a safetensors"
                        + " file that ComfyUI loads (comfy_quant): ConvRot W4A4, INT8 with ConvRot, or INT8. Weights get one"
                        + " step per row with the least squared error, after the rotation; names and all other tensors are those"
                        + " of the source. Quantize nodes before it do not matter: these layouts have their own grid.",
        output = true,
        aliases = {"ModelSave", "convrot_w4a4", "int8_tensorwise", "save checkpoint", "convert"})
public final class SaveQuantizedModel implements Node<SaveQuantizedModel.Inputs, SaveQuantizedModel.Outputs> {

    /// Layouts by the names of ComfyUI's files.
    public enum Format {
        /// See [ComfyFormat#CONVROT_W4A4].
        CONVROT_W4A4(ComfyFormat.CONVROT_W4A4),
        /// See [ComfyFormat#INT8_CONVROT].
        INT8_CONVROT(ComfyFormat.INT8_CONVROT),
        /// See [ComfyFormat#INT8_TENSORWISE].
        INT8_TENSORWISE(ComfyFormat.INT8_TENSORWISE);

        private final ComfyFormat layout;

        Format(ComfyFormat layout) {
            this.layout = layout;
        }

        @Override
        public String toString() {
            return layout.id();
        }
    }

    /// See [SaveQuantizedModel].
    public record Inputs(
            @In(help = "Model to save, as its file and LoRAs have it.")
            DiffusionModel model,

            @In(help = "Layout: four bits with rotation, or eight bits with or without.", initial = "convrot_w4a4")
            Format format,

            @In(help = "Name of the file below the output folder.", initial = "diffusion_models/quantized")
            String filenamePrefix,

            @In(
                    help = "Layers to leave as they are: a regular expression over the names of the file, such as"
                            + " blocks\\.(0|29)\\.; empty quantizes all linears of the blocks.",
                    initial = "")
            String keep) {}

    /// See [SaveQuantizedModel].
    public record Outputs(@Out(help = "The file.") String path) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        SaveNames names = SaveNames.of(
                context.folders().output(), in.filenamePrefix(), new SaveNames.Size(0, 0), LocalDateTime.now());
        String name = names.fileName(names.nextCounter(), "safetensors");
        Path target = names.folder().resolve(name);
        ComfyConversion.Settings settings = new ComfyConversion.Settings(in.format().layout, LayerRules.of(in.keep()));
        try (SharedFile.Lease lease = in.model().file().merged().open(context).again()) {
            ComfyConversion.Report report = ComfyConversion.write(
                    lease.file(),
                    target,
                    settings,
                    (layer, done, total) -> {
                        context.status("quantizing " + layer + " " + done + "/" + total);
                        context.progress(done, total);
                    },
                    context.cancellation());
            context.show(new UiItem.Text("%s: %d layers in %s, %d kept, %,d bytes, relative error %.4f (worst %.4f, %s)"
                    .formatted(
                            name,
                            report.quantized(),
                            in.format(),
                            report.kept().size(),
                            report.bytes(),
                            report.relativeError(),
                            report.worst().relativeError(),
                            report.worst().layer())));
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("model", "cannot be saved as " + in.format() + ": " + e.getMessage(), e);
        }
        context.show(new UiItem.FileItem(
                UiItem.Kind.FILES, name, names.subfolder(), UiItem.Root.OUTPUT, "application/octet-stream"));
        return new Outputs(target.toString());
    }
}
