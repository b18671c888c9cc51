package dev.quantreel.nodes.report;

import dev.quantreel.engines.quant.BitAllocation;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.nodes.measure.Captions;
import dev.quantreel.nodes.measure.Scene;
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
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TextModel;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import dev.quantreel.nodes.video.TextTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// Measures which layers need bits and gives them to these.
@NodeType(
        id = "AllocateBits",
        title = "Bits by Sensitivity",
        category = "quantize/statistics",
        description = "Finds out which layers suffer most from few bits, and gives those more: measures how"
                + " much the output of each layer suffers at each number of bits, on what the layer"
                + " reads while the model generates in full precision out of noise, and hands out bits"
                + " where they take away most noise until the mean is reached. No data set takes part."
                + " By role: each kind of layer (temporal, cross- and self-attention, MLP) meets the"
                + " mean by itself, as in ViDiT-Q's metric-decoupled precision, since their errors show"
                + " in different ways. Layers may also be measured and given bits together, by block or by role,"
                + " which a large model needs where its output is measured. Figures are kept one by one: a"
                + " stopped measurement goes on. Codes of up to 4 bits take half a byte, others a whole one: 4"
                + " and 8 are the bits that save memory.",
        aliases = {"sensitivity", "mixed precision", "bit allocation", "metric-decoupled", "ViDiT-Q"})
public final class AllocateBits implements Node<AllocateBits.Inputs, AllocateBits.Outputs> {

    private static final double UNGUIDED = 1;
    private static final double RECOMMENDED = 0;

    /// Where noise is measured.
    public enum Measure {
        /// See [dev.quantreel.engines.quant.LayerSensitivity].
        LAYER("output of the layer"),
        /// The error of the model's output with this unit alone quantized.
        MODEL("output of the model");

        private final String label;

        Measure(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [AllocateBits].
    public record Inputs(
            @In(help = "Model behind a weight node; not modified.")
            DiffusionModel model,

            @In(help = "Prompt of the generation; what it has of a picture, all prompts have.")
            Conditioning positive,

            @In(help = "Size of the generation; a small one does.")
            Latent latent,

            @In(
                    help = "Bits per weight, the mean over all that are quantized.",
                    initial = "5",
                    min = 2,
                    max = 8,
                    step = 0.1)
            double meanBits,

            @In(help = "Bits that a layer may have, 2 to 8, separated by commas.", initial = "4, 8")
            String choices,

            @In(
                    help =
                            "Each kind of layer meets the mean by itself; for units of one kind, layer or role in a block.",
                    initial = "true")
            boolean byRole,

            @In(
                    help =
                            "Where noise is measured. output of the layer: one generation, a few tokens of each layer; fast."
                                    + " output of the model: each unit is quantized alone, and the model is opened once per unit"
                                    + " and runs once per prompt, noise and step; sees what later layers make of an error.",
                    initial = "output of the layer")
            Measure measure,

            @In(help = "Full-precision steps of the generation.", initial = "4", min = 1, max = 50)
            int steps,

            @In(
                    help = "Seed of the noise; where there are several, the others follow.",
                    initial = "0",
                    min = 0,
                    max = 9007199254740000d,
                    advanced = true)
            long seed,

            @In(
                    help = "Name of the files below the output folder; figures are kept in NAME.results.jsonl.",
                    initial = "report/bits")
            String filenamePrefix,

            @In(
                    help =
                            "What is measured and given bits as one: layer finds most; block, role and role in a block open"
                                    + " a large model a few times instead of once per layer.",
                    initial = "layer")
            LayerUnit unit,

            @In(help = "Text encoder for prompts; not needed without.")
            Optional<TextModel> clip,

            @In(help = "More prompts to measure on, one in each line.", initial = "", multiline = true)
            String prompts,

            @In(help = "Different noises for each prompt.", initial = "1", min = 1, max = 100)
            int noises) {}

    /// See [AllocateBits].
    public record Outputs(
            @Out(help = "The model with bits by layer planned.")
            DiffusionModel model,

            @Out(help = "Plot of the units' noise, one picture.")
            Pictures plot,

            @Out(help = "The rules as Layer Rules takes them, one to a line.")
            String rules,

            @Out(help = "Bits per weight.") double meanBits) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        List<Integer> choices = choices(in.choices());
        DiffusionModel.Weights weights = in.model()
                .weights()
                .orElseThrow(() -> new NodeInputException(
                        "model",
                        "has no weights to quantize; accepted is a model behind a weight node such as BGR Quantize or"
                                + " MinMax Quantize"));
        requireUnitsOfOneKind(in);
        SensitivityRun.Question question =
                new SensitivityRun.Question(scenes(in, context), choices, in.unit(), in.measure());
        Path kept = ResultFiles.of(in.filenamePrefix(), context).sibling("results.jsonl");
        SensitivityRun.Measured measured =
                SensitivityRun.of(in.model(), question, kept, context).measured();
        BitAllocation units = units(in, measured);
        SequencedMap<String, Integer> bits = new LinkedHashMap<>();
        units.bits().forEach((unit, own) -> members(measured, unit).forEach(layer -> bits.put(layer, own)));
        BitAllocation chosen = BitAllocation.at(measured.layers(), bits);
        List<LayerRule.LayerBits> rules = chosen.rules();
        LayerRule layerRule = new LayerRule("", LayerRule.Edge.NONE, LayerRule.Edge.NONE, rules);
        Pictures plot = shown(in, measured.units(), units, context);
        StringBuilder text = new StringBuilder();
        rules.forEach(rule ->
                text.append(rule.pattern()).append(" = ").append(rule.bits()).append('\n'));
        return new Outputs(
                in.model()
                        .with(new DiffusionModel.Weights(
                                weights.plan(), weights.layers().and(layerRule))),
                plot,
                text.toString(),
                chosen.meanBits());
    }

    private static BitAllocation allocated(List<BitAllocation.Layer> layers, double meanBits) {
        try {
            return BitAllocation.of(layers, meanBits);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("meanBits", "cannot be met: " + e.getMessage(), e);
        }
    }

    private static BitAllocation units(Inputs in, SensitivityRun.Measured measured) {
        SequencedMap<String, Integer> bits = new LinkedHashMap<>();
        for (List<BitAllocation.Layer> group : in.byRole() ? byRole(measured) : List.of(measured.units())) {
            bits.putAll(allocated(group, in.meanBits()).bits());
        }
        return BitAllocation.at(measured.units(), bits);
    }

    private static List<List<BitAllocation.Layer>> byRole(SensitivityRun.Measured measured) {
        Map<Optional<LayerRule.Role>, List<BitAllocation.Layer>> groups = new LinkedHashMap<>();
        for (BitAllocation.Layer unit : measured.units()) {
            String first = members(measured, unit.name()).getFirst();
            groups.computeIfAbsent(LayerRule.Role.of(first), missing -> new ArrayList<>())
                    .add(unit);
        }
        return List.copyOf(groups.values());
    }

    private static List<String> members(SensitivityRun.Measured measured, String unit) {
        return measured.members().getOrDefault(unit, List.of());
    }

    private static void requireUnitsOfOneKind(Inputs in) {
        if (in.byRole() && (in.unit() == LayerUnit.BLOCK || in.unit() == LayerUnit.ROLE)) {
            throw new NodeInputException(
                    "byRole",
                    "is on while unit is " + in.unit() + ", which leaves a kind of layer nothing to choose among;"
                            + " accepted is off, or the unit layer or role in a block");
        }
    }

    private static List<Scene> scenes(Inputs in, NodeContext context) throws Exception {
        List<Conditioning> prompts = new ArrayList<>(List.of(in.positive()));
        for (String line : Captions.lines(in.prompts())) {
            TextModel clip = in.clip()
                    .orElseThrow(() -> new NodeInputException(
                            "clip", "is not connected while there are prompts; connect the text encoder of the model"));
            prompts.add(new Captions(clip, Optional.of(in.positive())).encoded(line, context));
        }
        Scene.Sampler sampler = new Scene.Sampler(in.steps(), UNGUIDED, RECOMMENDED, "auto", "auto");
        List<Scene> scenes = prompts.stream()
                .map(prompt -> new Scene(prompt, Optional.empty(), in.latent(), in.seed(), sampler))
                .toList();
        return Captions.noised(scenes, in.noises());
    }

    private static List<Integer> choices(String text) {
        try {
            List<Integer> choices = new ArrayList<>();
            for (String part : text.split(",", -1)) {
                int bits = Integer.parseInt(part.strip());
                if (bits < 2 || bits > 8) {
                    throw new NumberFormatException("outside 2 to 8");
                }
                choices.add(bits);
            }
            return choices;
        } catch (NumberFormatException e) {
            throw new NodeInputException(
                    "choices", "is '" + text + "'; accepted are numbers of bits from 2 to 8, such as '4, 8'", e);
        }
    }

    private static Pictures shown(
            Inputs in, List<BitAllocation.Layer> layers, BitAllocation chosen, NodeContext context) throws Exception {
        List<String> names = layers.stream().map(BitAllocation.Layer::name).toList();
        int fewest = layers.getFirst().noise().firstKey();
        String title = String.format(
                Locale.ROOT,
                "Noise in the %s, each %s quantized alone: %s, %.2f bits per weight",
                in.measure(),
                in.unit(),
                in.model().file().name(),
                chosen.meanBits());
        Pictures plot = new Pictures(ClipPainter.frames(Charts.layers(
                title,
                "noise over signal, %",
                names,
                List.of(
                        new Charts.LayerSeries("at " + fewest + " bits", percent(layers, layer -> fewest)),
                        new Charts.LayerSeries("at the bits given", percent(layers, layer -> chosen.bits()
                                .getOrDefault(layer.name(), fewest)))))));
        ResultFiles.of(in.filenamePrefix(), context).png(plot.frames(), "noise");
        context.show(new UiItem.Text(table(layers, chosen)));
        return plot;
    }

    private interface BitsOf {
        int of(BitAllocation.Layer layer);
    }

    private static List<Double> percent(List<BitAllocation.Layer> layers, BitsOf bits) {
        return layers.stream()
                .map(layer -> 100 * layer.noise().getOrDefault(bits.of(layer), Double.NaN))
                .toList();
    }

    private static String table(List<BitAllocation.Layer> layers, BitAllocation chosen) {
        List<String> head = new ArrayList<>(List.of("unit", "weights", "bits"));
        layers.getFirst().noise().keySet().forEach(bits -> head.add("noise % at " + bits));
        TextTable table = new TextTable(head.toArray(String[]::new));
        for (BitAllocation.Layer layer : layers) {
            List<String> row = new ArrayList<>(List.of(
                    layer.name(),
                    Long.toString(layer.weights()),
                    String.valueOf(chosen.bits().get(layer.name()))));
            layer.noise().values().forEach(noise -> row.add(String.format(Locale.ROOT, "%.4f", 100 * noise)));
            table.row(row.toArray(String[]::new));
        }
        return table.toString();
    }
}
