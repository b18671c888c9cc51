package dev.quantreel.engines.artifact;

import com.fasterxml.jackson.databind.JsonNode;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;

/// Reads a recipe that [RecipeWriter] wrote, or a person.
final class RecipeReader {

    static final String VERSION = "quantreel_recipe";
    static final String KIND = "kind";

    private static final QuantizationPlan DEFAULTS = QuantizationPlan.DVD_QUANT;

    private RecipeReader() {}

    static Recipe read(String what, JsonNode document) {
        RecipeFields fields = new RecipeFields(what, document);
        int version = fields.integer(VERSION, 0);
        if (version != Recipe.VERSION) {
            throw new IllegalArgumentException(what + ": " + VERSION + " is "
                    + (version == 0 ? "missing" : Integer.toString(version)) + "; this program reads version "
                    + Recipe.VERSION);
        }
        return fields.checked(() -> {
            String name = fields.text("name", "");
            String description = fields.text("description", "");
            WeightPlan weights = part(fields, "weights", DEFAULTS.weight(), RecipeReader::weights);
            int bits = fields.has("inputs") ? fields.object("inputs").integer("bits", 8) : 8;
            InputPlan inputs = part(fields, "inputs", DEFAULTS.input(), RecipeReader::inputs);
            LayerRule layers = part(fields, "layers", LayerRule.ALL, RecipeReader::layers);
            return new Recipe(name.isEmpty() ? description : name, new QuantizationPlan(weights, inputs, layers), bits);
        });
    }

    private static <T> T part(RecipeFields in, String name, T fallback, Function<RecipeFields, T> reader) {
        if (!in.has(name)) {
            return fallback;
        }
        RecipeFields fields = in.object(name);
        return fields.checked(() -> reader.apply(fields));
    }

    /// One of several members, chosen by its kind.
    private static <T> T member(
            RecipeFields in, String name, T fallback, Function<RecipeFields, Map<String, Supplier<T>>> kinds) {
        if (!in.has(name)) {
            return fallback;
        }
        RecipeFields fields = in.object(name);
        return fields.choose(kinds.apply(fields));
    }

    private static WeightPlan weights(RecipeFields in) {
        return new WeightPlan(
                member(in, "quantizer", DEFAULTS.weights(), RecipeReader::weightQuantizers),
                in.integer("bits", DEFAULTS.weightBits()),
                member(in, "granularity", new Granularity.PerRow(), RecipeReader::granularities),
                member(in, "branch", new BranchPlan.None(), RecipeReader::branches),
                member(in, "statistics", new StatisticsPlan.None(), RecipeReader::statistics));
    }

    private static InputPlan inputs(RecipeFields in) {
        in.has("bits");
        return new InputPlan(
                in.flag("mean_split", false),
                in.flag("fused_values", false),
                member(in, "smoothing", new SmoothingPlan.None(), RecipeReader::smoothings),
                member(in, "rotation", DEFAULTS.rotation(), RecipeReader::rotations),
                member(in, "quantizer", DEFAULTS.activations(), RecipeReader::activationQuantizers));
    }

    private static LayerRule layers(RecipeFields in) {
        return new LayerRule(
                in.text("keep", ""),
                part(in, "first", LayerRule.Edge.NONE, RecipeReader::edge),
                part(in, "last", LayerRule.Edge.NONE, RecipeReader::edge),
                in.objects("bits").stream()
                        .map(own -> own.checked(
                                () -> new LayerRule.LayerBits(own.text("pattern", ""), own.integer("bits", 0))))
                        .toList());
    }

    private static LayerRule.Edge edge(RecipeFields in) {
        return new LayerRule.Edge(in.integer("blocks", 0), in.integer("bits", 0));
    }

    private static SequencedMap<String, Supplier<WeightQuantizer>> weightQuantizers(RecipeFields in) {
        WeightQuantizer.Bgr bgr = new WeightQuantizer.Bgr();
        SequencedMap<String, Supplier<WeightQuantizer>> kinds = new LinkedHashMap<>();
        kinds.put("minmax", WeightQuantizer.MinMax::new);
        WeightQuantizer.Hqq hqq = new WeightQuantizer.Hqq();
        kinds.put("symmetric", () -> new WeightQuantizer.Symmetric(in.flag("searched", false)));
        kinds.put("clip_search", () -> new WeightQuantizer.ClipSearch(in.number("norm", 2.4)));
        kinds.put(
                "hqq",
                () -> new WeightQuantizer.Hqq(
                        in.number("norm", hqq.norm()),
                        in.number("beta", hqq.beta()),
                        in.number("growth", hqq.growth()),
                        in.integer("max_iterations", hqq.maxIterations())));
        kinds.put("lloyd_max_rows", WeightQuantizer.LloydMaxRows::new);
        kinds.put("pbq", WeightQuantizer.Pbq::new);
        kinds.put(
                "bgr",
                () -> new WeightQuantizer.Bgr(
                        in.integer("max_iterations", bgr.maxIterations()), in.number("tolerance", bgr.tolerance())));
        kinds.put(
                "gptq",
                () -> new WeightQuantizer.Gptq(
                        member(in, "grid", bgr, RecipeReader::weightQuantizers), in.number("damping", 0.01)));
        return kinds;
    }

    private static SequencedMap<String, Supplier<Granularity>> granularities(RecipeFields in) {
        SequencedMap<String, Supplier<Granularity>> kinds = new LinkedHashMap<>();
        kinds.put("tensor", Granularity.PerTensor::new);
        kinds.put("row", Granularity.PerRow::new);
        kinds.put("group", () -> new Granularity.PerGroup(in.integer("columns", 128)));
        kinds.put("group_multiples", () -> new Granularity.GroupMultiples(in.integer("columns", 128)));
        return kinds;
    }

    private static SequencedMap<String, Supplier<BranchPlan>> branches(RecipeFields in) {
        SequencedMap<String, Supplier<BranchPlan>> kinds = new LinkedHashMap<>();
        kinds.put("none", BranchPlan.None::new);
        kinds.put("low_rank", () -> new BranchPlan.LowRank(in.integer("rank", 32), in.integer("iterations", 1)));
        return kinds;
    }

    private static SequencedMap<String, Supplier<StatisticsPlan>> statistics(RecipeFields in) {
        SequencedMap<String, Supplier<StatisticsPlan>> kinds = new LinkedHashMap<>();
        kinds.put("none", StatisticsPlan.None::new);
        kinds.put(
                "self_generated",
                () -> new StatisticsPlan.SelfGenerated(
                        in.texts("captions", List.of("")),
                        in.integer("trajectories", 1),
                        in.integer("steps", 20),
                        in.longInteger("seed", 0)));
        return kinds;
    }

    private static SequencedMap<String, Supplier<SmoothingPlan>> smoothings(RecipeFields in) {
        SequencedMap<String, Supplier<SmoothingPlan>> kinds = new LinkedHashMap<>();
        kinds.put("none", SmoothingPlan.None::new);
        kinds.put("from_statistics", () -> new SmoothingPlan.FromStatistics(in.number("alpha", 0.5)));
        kinds.put("of_input", () -> new SmoothingPlan.OfInput(in.number("alpha", 0.5)));
        kinds.put("searched", () -> new SmoothingPlan.Searched(in.integer("candidates", 20)));
        return kinds;
    }

    private static SequencedMap<String, Supplier<RotationPlan>> rotations(RecipeFields in) {
        SequencedMap<String, Supplier<RotationPlan>> kinds = new LinkedHashMap<>();
        kinds.put("none", RotationPlan.None::new);
        kinds.put(
                "hadamard", () -> new RotationPlan.Hadamard(in.integer("block_size", 256), in.longInteger("seed", 0)));
        kinds.put("full", () -> new RotationPlan.Full(in.longInteger("seed", 0)));
        kinds.put("permuted", () -> new RotationPlan.Permuted(in.longInteger("seed", 0)));
        kinds.put("regular", () -> new RotationPlan.Regular(in.integer("block_size", 256)));
        return kinds;
    }

    private static SequencedMap<String, Supplier<ActivationQuantizer>> activationQuantizers(RecipeFields in) {
        SequencedMap<String, ActivationQuantizer.Statistic> statistics = new LinkedHashMap<>();
        statistics.put("absmax", ActivationQuantizer.Statistic.ABSMAX);
        statistics.put("rms", ActivationQuantizer.Statistic.RMS);
        SequencedMap<String, Supplier<ActivationQuantizer>> kinds = new LinkedHashMap<>();
        kinds.put("full_precision", ActivationQuantizer.FullPrecision::new);
        kinds.put("block", () -> block(in));
        kinds.put(
                "block_exact",
                () -> new ActivationQuantizer.BlockExact(
                        in.integer("group_size", 64), ratios(in, "clip", ClipRatios.BLOCK)));
        kinds.put("token", () -> new ActivationQuantizer.Token(ratios(in, "clip", ClipRatios.TOKEN)));
        kinds.put("token_asymmetric", ActivationQuantizer.TokenAsymmetric::new);
        kinds.put("channel", ActivationQuantizer.Channel::new);
        kinds.put(
                "channel_token",
                () -> new ActivationQuantizer.ChannelToken(in.word("statistic", "absmax", statistics)));
        kinds.put("centroids", () -> new ActivationQuantizer.Centroids(in.flag("exact", false)));
        kinds.put("dual_scale", () -> new ActivationQuantizer.DualScale(ratios(in, "clip", ClipRatios.BLOCK)));
        kinds.put("row_normalized", () -> rowNormalized(in));
        kinds.put("unsigned", () -> new ActivationQuantizer.Unsigned(in.integer("group_size", 64)));
        kinds.put(
                "gelu_aware",
                () -> new ActivationQuantizer.GeluAware(
                        member(
                                in,
                                "usual",
                                new ActivationQuantizer.BlockExact(64, ClipRatios.NONE),
                                RecipeReader::activationQuantizers),
                        in.integer("group_size", 64)));
        kinds.put("auto", () -> auto(in));
        return kinds;
    }

    private static ActivationQuantizer.Block block(RecipeFields in) {
        return new ActivationQuantizer.Block(in.integer("group_size", 64), ratios(in, "clip", ClipRatios.BLOCK));
    }

    private static ActivationQuantizer.RowNormalized rowNormalized(RecipeFields in) {
        return new ActivationQuantizer.RowNormalized(ratios(in, "span", ClipRatios.ROW_NORMALIZED));
    }

    private static ActivationQuantizer auto(RecipeFields in) {
        ActivationQuantizer.Auto usual = new ActivationQuantizer.Auto();
        return new ActivationQuantizer.Auto(
                member(in, "block", usual.block(), fields -> Map.of("block", () -> block(fields))),
                member(
                        in,
                        "row_normalized",
                        usual.rowNormalized(),
                        fields -> Map.of("row_normalized", () -> rowNormalized(fields))));
    }

    private static ClipRatios ratios(RecipeFields in, String name, ClipRatios usual) {
        return part(
                in,
                name,
                usual,
                fields -> new ClipRatios(
                        (float) fields.number("four", usual.four()), (float) fields.number("six", usual.six()), (float)
                                fields.number("eight", usual.eight())));
    }
}
