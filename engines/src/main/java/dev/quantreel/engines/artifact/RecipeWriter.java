package dev.quantreel.engines.artifact;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.ClipRatios;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import java.util.List;
import java.util.Locale;

/// Writes a recipe. Every part of a plan is taken apart by an exhaustive switch or a record pattern: a member or
/// component that is new does not compile until it is written here; `RecipeTest` then asks for its reading.
final class RecipeWriter {

    private RecipeWriter() {}

    static ObjectNode write(Recipe recipe) {
        ObjectNode node = Recipe.object().put(RecipeReader.VERSION, Recipe.VERSION);
        if (!recipe.name().isEmpty()) {
            node.put("name", recipe.name());
        }
        node.set("weights", write(recipe.plan().weight()));
        ObjectNode inputs = write(recipe.plan().input());
        node.set("inputs", inputs.put("bits", recipe.activationBits()));
        node.set("layers", write(recipe.plan().layers()));
        return node;
    }

    private static ObjectNode write(WeightPlan plan) {
        return switch (plan) {
            case WeightPlan(
                    WeightQuantizer quantizer,
                    int bits,
                    Granularity granularity,
                    BranchPlan branch,
                    StatisticsPlan statistics) -> {
                ObjectNode node = Recipe.object().put("bits", bits);
                node.set("quantizer", write(quantizer));
                node.set("granularity", write(granularity));
                node.set("branch", write(branch));
                node.set("statistics", write(statistics));
                yield node;
            }
        };
    }

    private static ObjectNode write(InputPlan plan) {
        return switch (plan) {
            case InputPlan(
                    boolean meanSplit,
                    boolean fusedValues,
                    SmoothingPlan smoothing,
                    RotationPlan rotation,
                    ActivationQuantizer quantizer) -> {
                ObjectNode node = Recipe.object().put("mean_split", meanSplit).put("fused_values", fusedValues);
                node.set("smoothing", write(smoothing));
                node.set("rotation", write(rotation));
                node.set("quantizer", write(quantizer));
                yield node;
            }
        };
    }

    private static ObjectNode write(LayerRule rule) {
        return switch (rule) {
            case LayerRule(String keep, LayerRule.Edge first, LayerRule.Edge last, List<LayerRule.LayerBits> bits) -> {
                ObjectNode node = Recipe.object().put("keep", keep);
                node.set("first", write(first));
                node.set("last", write(last));
                ArrayNode rules = node.putArray("bits");
                bits.forEach(own ->
                        rules.add(Recipe.object().put("pattern", own.pattern()).put("bits", own.bits())));
                yield node;
            }
        };
    }

    private static ObjectNode write(LayerRule.Edge edge) {
        return switch (edge) {
            case LayerRule.Edge(int blocks, int bits) ->
                Recipe.object().put("blocks", blocks).put("bits", bits);
        };
    }

    private static ObjectNode write(WeightQuantizer quantizer) {
        return switch (quantizer) {
            case WeightQuantizer.MinMax() -> kind("minmax");
            case WeightQuantizer.Symmetric(boolean searched) ->
                kind("symmetric").put("searched", searched);
            case WeightQuantizer.ClipSearch(double norm) -> kind("clip_search").put("norm", norm);
            case WeightQuantizer.Hqq(double norm, double beta, double growth, int maxIterations) ->
                kind("hqq")
                        .put("norm", norm)
                        .put("beta", beta)
                        .put("growth", growth)
                        .put("max_iterations", maxIterations);
            case WeightQuantizer.LloydMaxRows() -> kind("lloyd_max_rows");
            case WeightQuantizer.Pbq() -> kind("pbq");
            case WeightQuantizer.Bgr(int maxIterations, double tolerance) ->
                kind("bgr").put("max_iterations", maxIterations).put("tolerance", tolerance);
            case WeightQuantizer.Gptq(WeightQuantizer grid, double damping) -> {
                ObjectNode node = kind("gptq").put("damping", damping);
                node.set("grid", write(grid));
                yield node;
            }
        };
    }

    private static ObjectNode write(Granularity granularity) {
        return switch (granularity) {
            case Granularity.PerTensor() -> kind("tensor");
            case Granularity.PerRow() -> kind("row");
            case Granularity.PerGroup(int columns) -> kind("group").put("columns", columns);
            case Granularity.GroupMultiples(int columns) ->
                kind("group_multiples").put("columns", columns);
        };
    }

    private static ObjectNode write(BranchPlan branch) {
        return switch (branch) {
            case BranchPlan.None() -> kind("none");
            case BranchPlan.LowRank(int rank, int iterations) ->
                kind("low_rank").put("rank", rank).put("iterations", iterations);
        };
    }

    private static ObjectNode write(StatisticsPlan statistics) {
        return switch (statistics) {
            case StatisticsPlan.None() -> kind("none");
            case StatisticsPlan.SelfGenerated self -> {
                ObjectNode node = kind("self_generated");
                ArrayNode captions = node.putArray("captions");
                self.captions().forEach(captions::add);
                yield node.put("trajectories", self.trajectories())
                        .put("steps", self.steps())
                        .put("seed", self.seed());
            }
        };
    }

    private static ObjectNode write(SmoothingPlan smoothing) {
        return switch (smoothing) {
            case SmoothingPlan.None() -> kind("none");
            case SmoothingPlan.FromStatistics(double alpha) ->
                kind("from_statistics").put("alpha", alpha);
            case SmoothingPlan.OfInput(double alpha) -> kind("of_input").put("alpha", alpha);
            case SmoothingPlan.Searched(int candidates) -> kind("searched").put("candidates", candidates);
        };
    }

    private static ObjectNode write(RotationPlan rotation) {
        return switch (rotation) {
            case RotationPlan.None() -> kind("none");
            case RotationPlan.Hadamard(int blockSize, long seed) ->
                kind("hadamard").put("block_size", blockSize).put("seed", seed);
            case RotationPlan.Full(long seed) -> kind("full").put("seed", seed);
            case RotationPlan.Permuted(long seed) -> kind("permuted").put("seed", seed);
            case RotationPlan.Regular(int blockSize) -> kind("regular").put("block_size", blockSize);
        };
    }

    private static ObjectNode write(ActivationQuantizer quantizer) {
        return switch (quantizer) {
            case ActivationQuantizer.FullPrecision() -> kind("full_precision");
            case ActivationQuantizer.Block(int groupSize, ClipRatios clip) ->
                clipped(kind("block").put("group_size", groupSize), "clip", clip);
            case ActivationQuantizer.BlockExact(int groupSize, ClipRatios clip) ->
                clipped(kind("block_exact").put("group_size", groupSize), "clip", clip);
            case ActivationQuantizer.Token(ClipRatios clip) -> clipped(kind("token"), "clip", clip);
            case ActivationQuantizer.TokenAsymmetric() -> kind("token_asymmetric");
            case ActivationQuantizer.Channel() -> kind("channel");
            case ActivationQuantizer.ChannelToken(ActivationQuantizer.Statistic statistic) ->
                kind("channel_token").put("statistic", statistic.name().toLowerCase(Locale.ROOT));
            case ActivationQuantizer.Centroids(boolean exact) ->
                kind("centroids").put("exact", exact);
            case ActivationQuantizer.DualScale(ClipRatios clip) -> clipped(kind("dual_scale"), "clip", clip);
            case ActivationQuantizer.RowNormalized(ClipRatios span) -> clipped(kind("row_normalized"), "span", span);
            case ActivationQuantizer.Unsigned(int groupSize) -> kind("unsigned").put("group_size", groupSize);
            case ActivationQuantizer.GeluAware(ActivationQuantizer usual, int groupSize) -> {
                ObjectNode node = kind("gelu_aware").put("group_size", groupSize);
                node.set("usual", write(usual));
                yield node;
            }
            case ActivationQuantizer.Auto(
                    ActivationQuantizer.Block block,
                    ActivationQuantizer.RowNormalized rowNormalized) -> {
                ObjectNode node = kind("auto");
                node.set("block", write(block));
                node.set("row_normalized", write(rowNormalized));
                yield node;
            }
        };
    }

    private static ObjectNode clipped(ObjectNode node, String name, ClipRatios ratios) {
        node.putObject(name).put("four", ratios.four()).put("six", ratios.six()).put("eight", ratios.eight());
        return node;
    }

    private static ObjectNode kind(String kind) {
        return Recipe.object().put(RecipeReader.KIND, kind);
    }
}
