package dev.quantreel.nodes.report;

import dev.quantreel.engines.quant.LayerSqnr;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMemory;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/// Explains layer by layer what quantization did.
@NodeType(
        id = "QuantizationReport",
        title = "Quantization Report",
        category = "report",
        description = "Shows layer by layer what quantization costs: tells for each its bits, the mean"
                + " squared error of its weights beside that of row-wise MinMax, and its outliers. With"
                + " a prompt connected, the full-precision model runs a few steps and the signal to"
                + " noise ratio (SQNR) of each layer's output is measured on what it really reads:"
                + " weights only, activations only, both. Histograms show what rotation does to weights"
                + " and inputs. Saves plots as PNG and all figures as JSON.",
        output = true,
        aliases = {"SQNR", "MSE", "per layer", "analysis"})
public final class QuantizationReport implements Node<QuantizationReport.Inputs, QuantizationReport.Outputs> {

    /// See [QuantizationReport].
    public record Inputs(
            @In(help = "A model with a quantize node before it.")
            DiffusionModel model,

            @In(help = "Prompt for measuring SQNR; without it only the weights are looked at.")
            Optional<Conditioning> positive,

            @In(help = "Size of the video while measuring; 64 x 64 pixels and 13 frames when not connected.")
            Optional<Latent> latent,

            @In(help = "Full-precision steps whose inputs are recorded.", initial = "4", min = 1, max = 50)
            int steps,

            @In(help = "Seed of the noise.", initial = "0", min = 0, max = 9007199254740991d, advanced = true)
            long seed,

            @In(help = "Name of the files below the output folder.", initial = "report/quantization")
            String filenamePrefix) {}

    /// See [QuantizationReport].
    public record Outputs(
            @Out(help = "Plot of the weight errors, one picture.")
            Pictures errors,

            @Out(help = "How many times smaller the weights are than at 16 bits.")
            double ratio,

            @Out(help = "The table.") String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        ModelAssembly.Weights weights = ModelAssembly.weights(in.model(), context);
        QuantizedWeights quantized = weights.quantized()
                .orElseThrow(() -> new NodeInputException(
                        "model",
                        "is in full precision; accepted is a model behind BGR Quantize, MinMax Quantize or"
                                + " ARQ Activation"));
        LayerFigures figures = figures(
                in,
                quantized,
                quantized.memory().plus(weights.lease().branches().bytes()),
                context);
        ResultFiles files = ResultFiles.of(in.filenamePrefix(), context);
        Frames errors = ClipPainter.frames(Charts.layers(
                "Weight error per layer, " + figures.title(),
                "standard deviation of the error, % of the weights'",
                figures.names(),
                figures.errors()));
        files.png(errors, "weights");
        if (figures.hasSqnr()) {
            files.png(
                    ClipPainter.frames(Charts.layers(
                            "Output SQNR per layer, " + figures.title(),
                            "SQNR, dB (more is better)",
                            figures.names(),
                            figures.sqnrs())),
                    "sqnr");
        }
        LayerFigures.Layer worst = figures.worst();
        files.png(ClipPainter.frames(new HistogramChart(worst.name(), worst.shapes()).image()), "histograms");
        files.json(figures.json());
        context.show(new UiItem.Text(figures.table()));
        return new Outputs(new Pictures(errors), figures.memory().ratio(), figures.table());
    }

    private static LayerFigures figures(Inputs in, QuantizedWeights quantized, WeightMemory memory, NodeContext context)
            throws Exception {
        Optional<LayerInputs> inputs = in.positive().isEmpty()
                ? Optional.empty()
                : Optional.of(LayerInputs.recorded(
                        new LayerInputs.Run(
                                in.model(),
                                List.of(new LayerInputs.Video(in.positive().get(), in.seed())),
                                in.latent(),
                                in.steps()),
                        quantized.matrices().keySet(),
                        context));
        OptionalInt bits = in.model().activations().stream()
                .mapToInt(DiffusionModel.Activations::bits)
                .findFirst();
        List<LayerFigures.Layer> layers = new ArrayList<>();
        for (String name : context.track(quantized.matrices().keySet())) {
            QuantizedMatrix matrix = quantized.matrix(name).orElseThrow();
            Optional<LayerSqnr> sqnr = inputs.map(recorded -> {
                context.status("measuring " + name + " " + (layers.size() + 1) + "/"
                        + quantized.matrices().size());
                return LayerSqnr.of(
                        quantized,
                        name,
                        recorded.of(name),
                        in.model().activationBits(),
                        RowTasks.parallel(context.cancellation()));
            });
            RotationShapes shapes = RotationShapes.of(quantized, name, inputs.map(recorded -> recorded.of(name)));
            layers.add(new LayerFigures.Layer(name, matrix, sqnr, shapes));
        }
        return new LayerFigures(in.model().precision(), bits.orElse(0), layers, memory);
    }
}
