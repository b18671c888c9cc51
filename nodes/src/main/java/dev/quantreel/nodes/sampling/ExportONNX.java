package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.video.SaveNames;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/// Writes a model as ONNX.
@NodeType(
        id = "ExportONNX",
        title = "Export ONNX",
        category = "sampling",
        description = "Writes the model, quantized as planned, as four ONNX files: text (once per prompt), prelude,"
                + " trunk (all blocks) and head. Weights of 4 bits stay packed. Equal models give equal bytes; weights"
                + " beyond 2 GB go into a .data file beside the graph.",
        output = true,
        aliases = {"onnx", "save model", "convert"})
public final class ExportONNX implements Node<ExportONNX.Inputs, ExportONNX.Outputs> {

    /// Which operators the graphs may use.
    public enum Operators {
        /// See [Dialect#ONNX_RUNTIME].
        ONNX_RUNTIME("ONNX Runtime (fused)", Dialect.ONNX_RUNTIME),
        /// See [Dialect#STANDARD].
        STANDARD("standard ONNX", Dialect.STANDARD);

        private final String label;
        private final Dialect dialect;

        Operators(String label, Dialect dialect) {
            this.label = label;
            this.dialect = dialect;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// Whether the activation bits are fixed in the file.
    public enum ActivationBits {
        /// Graph inputs choose them at each run.
        INPUT("graph input"),
        /// The bits of the model.
        FIXED("fixed");

        private final String label;

        ActivationBits(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [ExportONNX].
    public record Inputs(
            @In(help = "Model to write, quantized or not.") DiffusionModel model,

            @In(help = "Name of the files below the output folder.", initial = "onnx/model")
            String filenamePrefix,

            @In(
                    help =
                            "Operators: ONNX Runtime's fused ones run faster there, standard ONNX is read by every tool.",
                    initial = "ONNX Runtime (fused)")
            Operators operators,

            @In(
                    help = "Bits of the activations: chosen by graph inputs at each run, which bit schedules need, or"
                            + " fixed to those of the model.",
                    initial = "graph input")
            ActivationBits activationBits) {}

    /// See [ExportONNX].
    public record Outputs(
            @Out(help = "The folder and common name of the files.")
            String path) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        ModelAssembly.Weights weights = ModelAssembly.weights(in.model(), context);
        SplitGraphs graphs = weights.checkpoint()
                .graphs(linears(in, weights), new TransformerCheckpoint.Options(in.operators().dialect, Set.of()));
        Map<String, OnnxModel> parts = new LinkedHashMap<>();
        graphs.text().ifPresent(text -> parts.put("text", text));
        parts.put("prelude", graphs.prelude());
        parts.put("trunk", graphs.trunk());
        parts.put("head", graphs.head());
        SaveNames names = SaveNames.of(
                context.folders().output(), in.filenamePrefix(), new SaveNames.Size(0, 0), LocalDateTime.now());
        int counter = names.nextCounter();
        Files.createDirectories(names.folder());
        for (Map.Entry<String, OnnxModel> part : context.track(parts.entrySet())) {
            String file = names.fileName(counter, part.getKey() + ".onnx");
            context.status("writing " + file);
            OnnxWriter.write(part.getValue(), names.folder().resolve(file));
            context.show(new UiItem.FileItem(
                    UiItem.Kind.FILES, file, names.subfolder(), UiItem.Root.OUTPUT, "application/octet-stream"));
        }
        Path common = names.folder().resolve(names.fileName(counter, "").replaceFirst("\\.$", ""));
        return new Outputs(common.toString());
    }

    private static LinearLayers linears(Inputs in, ModelAssembly.Weights weights) {
        DiffusionModel model = in.model();
        if (in.activationBits() == ActivationBits.FIXED) {
            return weights.linears(model.execution().arithmetic(), model.activationBits());
        }
        return weights.linears(model.execution().arithmetic());
    }
}
