package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.artifact.Artifact;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.export.ClipRange;
import dev.quantreel.engines.export.ComputePrecision;
import dev.quantreel.engines.export.ExportFiles;
import dev.quantreel.engines.export.ExportForm;
import dev.quantreel.engines.export.ExportSettings;
import dev.quantreel.engines.export.ExportSource;
import dev.quantreel.engines.export.LaidOut;
import dev.quantreel.engines.export.OnnxExport;
import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.ProfileShapes;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxWriter;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Writes a model as ONNX.
@NodeType(
        id = "ExportONNX",
        title = "Export ONNX",
        category = "sampling",
        description = "Writes the model, quantized as planned, as four ONNX files: text (once per prompt), prelude,"
                + " trunk (all blocks) and head. The native form is for ONNX Runtime; the others are for TensorRT and"
                + " other programs and come with what TensorRT would say. Equal models give equal bytes; weights beyond"
                + " 2 GB go into a .data file beside the graph.",
        output = true,
        aliases = {"onnx", "save model", "convert", "tensorrt", "qdq"})
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

    /// How products of quantized weights are written.
    public enum Product {
        /// As the native engine runs them, in the operators chosen above.
        NATIVE("native", Optional.empty()),
        /// See [ExportForm#INTEGER].
        INTEGER("integer (MatMulInteger)", Optional.of(ExportForm.INTEGER)),
        /// See [ExportForm#QDQ_INT8].
        QDQ_INT8("INT8 QDQ, W8A8 (TensorRT)", Optional.of(ExportForm.QDQ_INT8)),
        /// See [ExportForm#INT4].
        INT4("INT4 weights, W4A16 (TensorRT)", Optional.of(ExportForm.INT4)),
        /// See [ExportForm#FP8].
        FP8("FP8 QDQ (TensorRT)", Optional.of(ExportForm.FP8)),
        /// See [ExportForm#PLAIN].
        PLAIN("not quantized (TensorRT)", Optional.of(ExportForm.PLAIN));

        private final String label;
        private final Optional<ExportForm> form;

        Product(String label, Optional<ExportForm> form) {
            this.label = label;
            this.form = form;
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
                    help = "Operators of the native form: ONNX Runtime's fused ones run faster there, standard ONNX is"
                            + " read by every tool.",
                    initial = "ONNX Runtime (fused)")
            Operators operators,

            @In(
                    help = "Bits of the activations in the native and the integer form: chosen by graph inputs at each"
                            + " run, which bit schedules need, or fixed to those of the model.",
                    initial = "graph input")
            ActivationBits activationBits,

            @In(
                    help = "How products are written: as the native engine runs them, in exact standard integers, or in"
                            + " the typed forms that TensorRT builds engines of.",
                    initial = "native")
            Product form,

            @In(
                    help = "Type of products in the typed forms. FP32 runs on ONNX Runtime's CPU; BF16 has its range.",
                    initial = "BF16")
            ComputePrecision precision,

            @In(help = "TensorRT that typed forms are checked for.", initial = "TensorRT 10.15")
            TensorRtTarget target,

            @In(
                    help = "Clips of the optimisation profile beside each file: width, height and pictures as"
                            + " 832x480x81, or three of them with commas: least, usual, largest. Empty writes none.",
                    initial = "")
            String sizes) {

        /// In the native form.
        public Inputs(DiffusionModel model, String filenamePrefix, Operators operators, ActivationBits activationBits) {
            this(
                    model,
                    filenamePrefix,
                    operators,
                    activationBits,
                    Product.NATIVE,
                    ComputePrecision.BF16,
                    TensorRtTarget.TENSORRT_10_15,
                    "");
        }
    }

    /// See [ExportONNX].
    public record Outputs(
            @Out(help = "The folder and common name of the files.")
            String path,

            @Out(help = "What the form holds, what TensorRT would say, and how large the files are.")
            String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        ModelAssembly.Weights weights = ModelAssembly.weights(in.model(), context);
        SaveNames names = SaveNames.of(
                context.folders().output(), in.filenamePrefix(), new SaveNames.Size(0, 0), LocalDateTime.now());
        int counter = names.nextCounter();
        Path common = names.folder().resolve(names.fileName(counter, "").replaceFirst("\\.$", ""));
        List<String> report = in.form().form.isPresent()
                ? export(in, in.form().form.get(), weights, new Place(names, counter, context))
                : writeNatively(in, weights, new Place(names, counter, context));
        context.show(new UiItem.Text(String.join("\n", report)));
        return new Outputs(common.toString(), String.join("\n", report));
    }

    /// Where files go.
    private record Place(SaveNames names, int counter, NodeContext context) {

        void show(String file) {
            context.show(new UiItem.FileItem(
                    UiItem.Kind.FILES, file, names.subfolder(), UiItem.Root.OUTPUT, "application/octet-stream"));
        }
    }

    private static List<String> writeNatively(Inputs in, ModelAssembly.Weights weights, Place place) throws Exception {
        SplitGraphs graphs = weights.checkpoint()
                .graphs(linears(in, weights), new TransformerCheckpoint.Options(in.operators().dialect, Set.of()));
        Map<String, OnnxModel> parts = new LinkedHashMap<>();
        graphs.text().ifPresent(text -> parts.put("text", text));
        parts.put("prelude", graphs.prelude());
        parts.put("trunk", graphs.trunk());
        parts.put("head", graphs.head());
        Files.createDirectories(place.names.folder());
        List<String> report = new ArrayList<>();
        for (Map.Entry<String, OnnxModel> part : place.context.track(parts.entrySet())) {
            String file = place.names.fileName(place.counter, part.getKey() + ".onnx");
            place.context.status("writing " + file);
            OnnxWriter.write(
                    part.getValue(),
                    place.names.folder().resolve(file),
                    place.context.cancellation()::throwIfCancelled);
            place.show(file);
            report.add(String.format(
                    Locale.ROOT, "%s: %,d bytes", file, part.getValue().weightBytes()));
        }
        return report;
    }

    private static List<String> export(Inputs in, ExportForm form, ModelAssembly.Weights weights, Place place)
            throws Exception {
        NodeContext context = place.context;
        ExportSettings settings = ExportSettings.of(form, in.precision())
                .withActivationBits(
                        in.activationBits() == ActivationBits.FIXED ? in.model().activationBits() : 0);
        ExportSource source = new ExportSource(
                weights.checkpoint(),
                weights.quantized(),
                weights.lease().branches(),
                Artifact.of(weights.lease().file().stored()).isEmpty());
        try {
            context.status("laying out weights as " + form);
            OnnxExport.Result result = new OnnxExport(
                            source,
                            settings,
                            tensor -> LaidOut.inFile(tensor, context.folders().cache()),
                            context.cancellation())
                    .build();
            Map<String, OptimizationProfile> profiles = profiles(in, weights.checkpoint(), result);
            List<ExportFiles.Written> written = new ExportFiles(
                            place.names.folder(), part -> place.names.fileName(place.counter, part))
                    .write(
                            result,
                            profiles,
                            in.target(),
                            (part, done, total) -> {
                                context.status("writing " + part);
                                context.progress(done, total);
                            },
                            context.cancellation());
            written.forEach(file -> place.show(String.valueOf(file.file().getFileName())));
            List<String> report = new ArrayList<>(List.of("form       " + form + ", " + form.says()));
            report.addAll(result.report().lines());
            written.forEach(file -> file.lint().ifPresent(lint -> report.addAll(lint.lines())));
            report.addAll(ExportFiles.table(written, weights.checkpoint()));
            return report;
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("form", "cannot be written: " + e.getMessage(), e);
        }
    }

    private static Map<String, OptimizationProfile> profiles(
            Inputs in, TransformerCheckpoint checkpoint, OnnxExport.Result result) {
        return in.sizes().isBlank()
                ? Map.of()
                : ProfileShapes.of(checkpoint, result.graphs(), ClipRange.parse(in.sizes(), "", checkpoint.facts()));
    }

    private static LinearLayers linears(Inputs in, ModelAssembly.Weights weights) {
        DiffusionModel model = in.model();
        if (in.activationBits() == ActivationBits.FIXED) {
            return weights.linears(model.execution().arithmetic(), model.activationBits());
        }
        return weights.linears(model.execution().arithmetic());
    }
}
