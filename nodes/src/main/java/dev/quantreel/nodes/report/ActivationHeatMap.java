package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.sampling.PaddedText;
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
import dev.quantreel.nodes.video.TextTable;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Shows how activations grow and shrink over time.
@NodeType(
        id = "ActivationHeatMap",
        title = "Activation Heat Map",
        category = "report",
        description =
                "Runs the model in full precision and paints for each layer and each sampler step how large the layer's"
                        + " inputs are: the range that a quantizer of activations has to cover, and why one scale for all steps"
                        + " does not do. Largest absolute value or crest factor (largest over root mean square). Saves the"
                        + " picture and the figures as JSON.",
        output = true,
        aliases = {"activation scale", "outliers", "heat map", "time"})
public final class ActivationHeatMap implements Node<ActivationHeatMap.Inputs, ActivationHeatMap.Outputs> {

    /// What is painted.
    public enum Quantity {
        /// Largest absolute value.
        ABS_MAX("largest absolute value"),
        /// Largest over root mean square.
        CREST("crest factor");

        private final String label;

        Quantity(String label) {
            this.label = label;
        }

        double of(ScaleMap.Scale scale) {
            // A logarithm is taken of it; inputs that are zero throughout get the coldest colour.
            return Math.max(this == ABS_MAX ? scale.absMax() : scale.crest(), Float.MIN_NORMAL);
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [ActivationHeatMap].
    public record Inputs(
            @In(help = "The model; it is run in full precision whatever is planned for it.")
            DiffusionModel model,

            @In(help = "What the video shows.") Conditioning positive,

            @In(help = "Size of the video.") Latent latent,

            @In(help = "What is painted.", initial = "largest absolute value")
            Quantity quantity,

            @In(help = "Sampler steps.", initial = "16", min = 1, max = 1000)
            int steps,

            @In(help = "Shift of the noise levels.", initial = "3", min = 0.01, max = 100, step = 0.1)
            double shift,

            @In(help = "Seed of the noise.", initial = "0", min = 0, max = 9007199254740991d)
            long seed,

            @In(help = "Name of the files below the output folder.", initial = "report/activations")
            String filenamePrefix) {}

    /// See [ActivationHeatMap].
    public record Outputs(
            @Out(help = "Layers down, steps across.") Pictures map,

            @Out(help = "The layers whose range changes most, as a table.")
            String report) {}

    private static final int LISTED = 12;

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        Map<String, List<ScaleMap.Scale>> scales = scales(in, context).scales();
        if (scales.isEmpty()) {
            throw new NodeInputException(
                    "model", in.model().file().name() + " has no block linears whose inputs can be watched");
        }
        HeatMapChart chart = new HeatMapChart(
                "Inputs of the layers, " + in.quantity() + ", "
                        + in.model().file().name(),
                List.copyOf(scales.keySet()),
                scales.values().stream()
                        .map(row -> row.stream().map(in.quantity()::of).toList())
                        .toList());
        ResultFiles files = ResultFiles.of(in.filenamePrefix(), context);
        Frames map = ClipPainter.frames(chart.image());
        files.png(map, "");
        files.json(json(scales));
        String table = table(scales);
        context.show(new UiItem.Text(table));
        return new Outputs(new Pictures(map), table);
    }

    private static ScaleMap scales(Inputs in, NodeContext context) throws Exception {
        DiffusionModel model = Candidate.fullPrecision(in.model()).model();
        Engine engine = model.execution().engine().open(context);
        ModelAssembly.Weights weights = ModelAssembly.weights(model, context);
        List<String> layers = weights.checkpoint().blockLinears();
        ScaleMap map = new ScaleMap(layers, new SamplingListener() {
            @Override
            public void stepDone(int done, int total, Tensor clean) {
                context.status("step " + done + "/" + total);
                context.progress(done, total);
            }
        });
        LayerProbe probe = new LayerProbe(new LinkedHashSet<>(layers), map::observe);
        try (DiffusionTransformer transformer = ModelAssembly.transformer(model, weights, engine, probe)) {
            BranchConditioning text = new PaddedText(model.facts(), context).of("positive", in.positive());
            SamplerSettings settings = new SamplerSettings(in.steps(), 1, new SigmaSchedule.Linear(in.shift()));
            FlowSampler sampler =
                    new FlowSampler(transformer.bind(text, text), settings, new Constant(8), new StepCache.None());
            sampler.sample(TorchNoise.gaussian(in.seed(), in.latent().samples().shape()), map, context.cancellation());
        }
        return map;
    }

    private static double change(List<ScaleMap.Scale> row) {
        double most = row.stream().mapToDouble(ScaleMap.Scale::absMax).max().orElse(0);
        double least = row.stream().mapToDouble(ScaleMap.Scale::absMax).min().orElse(0);
        return least > 0 ? most / least : 0;
    }

    private static String table(Map<String, List<ScaleMap.Scale>> scales) {
        TextTable table = new TextTable("layer", "first", "last", "most / least", "crest");
        scales.entrySet().stream()
                .sorted(Comparator.comparingDouble(
                                (Map.Entry<String, List<ScaleMap.Scale>> entry) -> change(entry.getValue()))
                        .reversed())
                .limit(LISTED)
                .forEach(entry -> {
                    List<ScaleMap.Scale> row = entry.getValue();
                    double crest = row.stream()
                            .mapToDouble(ScaleMap.Scale::crest)
                            .max()
                            .orElse(0);
                    table.row(
                            entry.getKey(),
                            number(row.getFirst().absMax()),
                            number(row.getLast().absMax()),
                            number(change(row)),
                            number(crest));
                });
        return "largest absolute input at the first and last step; the layers whose range changes most\n" + table;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.3g", value);
    }

    private static ObjectNode json(Map<String, List<ScaleMap.Scale>> scales) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode layers = root.putArray("layers");
        scales.forEach((name, row) -> {
            ObjectNode layer = layers.addObject().put("layer", name);
            ArrayNode absMax = layer.putArray("absMax");
            ArrayNode rms = layer.putArray("rms");
            row.forEach(scale -> {
                absMax.add(scale.absMax());
                rms.add(scale.rms());
            });
        });
        return root;
    }
}
