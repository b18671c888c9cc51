package dev.quantreel.engines.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RecipeTest {

    private static final ClipRatios ODD = new ClipRatios(0.123f, 0.456f, 0.789f);

    /// At least one of every member, with values that no default has.
    private static final List<WeightQuantizer> WEIGHTS = List.of(
            new WeightQuantizer.MinMax(),
            new WeightQuantizer.Symmetric(true),
            new WeightQuantizer.ClipSearch(3),
            new WeightQuantizer.Hqq(0.5, 9, 1.5, 7),
            new WeightQuantizer.LloydMaxRows(),
            new WeightQuantizer.Pbq(),
            new WeightQuantizer.Bgr(7, 0.1 + 0.2),
            new WeightQuantizer.Gptq(new WeightQuantizer.Bgr(3, 0.5), 0.02));

    private static final List<Granularity> GRANULARITIES = List.of(
            new Granularity.PerTensor(),
            new Granularity.PerRow(),
            new Granularity.PerGroup(96),
            new Granularity.GroupMultiples(48));

    private static final List<BranchPlan> BRANCHES = List.of(new BranchPlan.None(), new BranchPlan.LowRank(5, 3));

    private static final List<StatisticsPlan> STATISTICS = List.of(
            new StatisticsPlan.None(), new StatisticsPlan.SelfGenerated(List.of("", "a \"cat\""), 3, 4, 1L << 60));

    private static final List<SmoothingPlan> SMOOTHINGS = List.of(
            new SmoothingPlan.None(),
            new SmoothingPlan.FromStatistics(0.07),
            new SmoothingPlan.Searched(13),
            new SmoothingPlan.OfInput(0.3));

    private static final List<RotationPlan> ROTATIONS = List.of(
            new RotationPlan.None(),
            new RotationPlan.Hadamard(64, -5),
            new RotationPlan.Full(7),
            new RotationPlan.Permuted(8),
            new RotationPlan.Regular(64));

    private static final List<ActivationQuantizer> ACTIVATIONS = List.of(
            new ActivationQuantizer.FullPrecision(),
            new ActivationQuantizer.Block(32, ODD),
            new ActivationQuantizer.BlockExact(16, ODD),
            new ActivationQuantizer.Token(ODD),
            new ActivationQuantizer.TokenAsymmetric(),
            new ActivationQuantizer.Channel(),
            new ActivationQuantizer.ChannelToken(ActivationQuantizer.Statistic.RMS),
            new ActivationQuantizer.Centroids(true),
            new ActivationQuantizer.DualScale(ODD),
            new ActivationQuantizer.RowNormalized(ODD),
            new ActivationQuantizer.Unsigned(32),
            new ActivationQuantizer.GeluAware(new ActivationQuantizer.Token(ODD), 128),
            new ActivationQuantizer.Auto(
                    new ActivationQuantizer.Block(128, ODD), new ActivationQuantizer.RowNormalized(ODD)));

    static Stream<Recipe> recipes() {
        return Stream.of(
                        WEIGHTS.stream().map(q -> new WeightPlan(q, 3)).map(RecipeTest::plan),
                        GRANULARITIES.stream()
                                .map(g -> new WeightPlan(new WeightQuantizer.MinMax(), 4, g))
                                .map(RecipeTest::plan),
                        BRANCHES.stream()
                                .map(b -> new WeightPlan(new WeightQuantizer.Pbq(), 5).with(b))
                                .map(RecipeTest::plan),
                        STATISTICS.stream()
                                .map(s -> new WeightPlan(new WeightQuantizer.Pbq(), 6).with(s))
                                .map(RecipeTest::plan),
                        SMOOTHINGS.stream()
                                .map(s -> new InputPlan(
                                        true,
                                        false,
                                        s,
                                        new RotationPlan.None(),
                                        new ActivationQuantizer.TokenAsymmetric()))
                                .map(QuantizationPlan.MIN_MAX::withInputs),
                        ROTATIONS.stream()
                                .map(r -> new InputPlan(r, new ActivationQuantizer.Channel())
                                        .withFusedValues(!(r instanceof RotationPlan.None)))
                                .map(QuantizationPlan.MIN_MAX::withInputs),
                        ACTIVATIONS.stream()
                                .map(a -> QuantizationPlan.DVD_QUANT.withActivations(new RotationPlan.None(), a)),
                        Stream.of(QuantizationPlan.DVD_QUANT.withLayers(new LayerRule(
                                "blocks\\.(0|29)\\.",
                                new LayerRule.Edge(1, 0),
                                new LayerRule.Edge(2, 6),
                                List.of(new LayerRule.LayerBits("ffn", 5), new LayerRule.LayerBits("q$", 3))))))
                .flatMap(plans -> plans)
                .map(plan -> new Recipe("a name", plan, 6));
    }

    private static QuantizationPlan plan(WeightPlan weights) {
        return QuantizationPlan.DVD_QUANT.withWeights(weights);
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void whatIsWrittenReadsBackAsTheSameRecipe(Recipe recipe) {
        assertThat(Recipe.parse("test", recipe.toJson())).isEqualTo(recipe);
        assertThat(Recipe.parse("test", recipe.toPrettyJson())).isEqualTo(recipe);
    }

    /// A member that is new is written, or nothing compiles; this asks for its reading.
    @ParameterizedTest
    @MethodSource("families")
    void everyMemberOfEverySealedPartIsAmongThem(Class<?> part, List<?> tried) {
        assertThat(tried.stream().map(Object::getClass).distinct()).containsExactlyInAnyOrderElementsOf(members(part));
    }

    private static List<Class<?>> members(Class<?> part) {
        return part.isSealed()
                ? Stream.of(part.getPermittedSubclasses())
                        .flatMap(member -> members(member).stream())
                        .toList()
                : List.of(part);
    }

    static Stream<Object[]> families() {
        return Stream.of(
                new Object[] {WeightQuantizer.class, WEIGHTS},
                new Object[] {Granularity.class, GRANULARITIES},
                new Object[] {BranchPlan.class, BRANCHES},
                new Object[] {StatisticsPlan.class, STATISTICS},
                new Object[] {SmoothingPlan.class, SMOOTHINGS},
                new Object[] {RotationPlan.class, ROTATIONS},
                new Object[] {ActivationQuantizer.class, ACTIVATIONS});
    }

    @Test
    void fieldsThatAreLeftOutHaveTheValuesOfDvdQuant() {
        assertThat(Recipe.parse("test", "{\"quantreel_recipe\":1}"))
                .isEqualTo(new Recipe("", QuantizationPlan.DVD_QUANT, 8));
        Recipe minmax = Recipe.parse(
                "test",
                "{\"quantreel_recipe\":1, \"weights\":{\"quantizer\":{\"kind\":\"minmax\"}},"
                        + " \"inputs\":{\"bits\":4,\"rotation\":{\"kind\":\"none\"},"
                        + "\"quantizer\":{\"kind\":\"token_asymmetric\"}}}");
        assertThat(minmax).isEqualTo(new Recipe("", QuantizationPlan.MIN_MAX, 4));
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource(delimiter = '|', quoteCharacter = '^', textBlock = """
                    {"quantreel_recipe":1, "wheights":{}}               | my.json: there is no field 'wheights'; accepted are
                    {"quantreel_recipe":1, "weights":{"bit":4}}         | my.json: weights: there is no field 'bit'; accepted are quantizer, bits
                    {"quantreel_recipe":1, "weights":{"bits":9}}        | my.json: weights: weight bits is 9; 2 to 8 are accepted
                    {"quantreel_recipe":1, "weights":{"bits":1}}        | weight bits is 1; 2 to 8 are accepted
                    {"quantreel_recipe":1, "weights":{"bits":"4"}}      | my.json: weights: bits is "4"; accepted is a whole number
                    {"quantreel_recipe":1, "weights":{"quantizer":{"kind":"awq"}}} | my.json: weights: quantizer: kind is 'awq'; accepted are minmax,
                    {"quantreel_recipe":1, "weights":{"quantizer":{}}}  | my.json: weights: quantizer: kind is missing
                    {"quantreel_recipe":1, "weights":{"quantizer":{"kind":"bgr","rounds":3}}} | there is no field 'rounds'; accepted are kind, max_iterations, tolerance
                    {"quantreel_recipe":1, "inputs":{"rotation":{"kind":"hadamard","block_size":100}}} | my.json: inputs: rotation:
                    {"quantreel_recipe":1, "inputs":{"bits":16}}        | activation bits is 16; 2 to 8 are accepted
                    {"quantreel_recipe":1, "layers":{"keep":"("}}       | my.json: layers: keep is "("; a regular expression is needed
                    {"quantreel_recipe":1, "layers":[]}                 | my.json: layers is []; a JSON object {...} is expected
                    {"quantreel_recipe":2}                              | my.json: quantreel_recipe is 2; this program reads version 1
                    {}                                                  | my.json: quantreel_recipe is missing; this program reads version 1
                    []                                                  | my.json is []; a JSON object {...} is expected
                    {"quantreel_recipe":1,                              | my.json: is no recipe, the JSON is broken
                    """)
    void unknownFieldsAndValuesAreRefusedByName(String json, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Recipe.parse("my.json", json))
                .withMessageContaining(message);
    }

    @Test
    void aMissingFileIsNamed(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("no.json");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Recipe.read(file))
                .withMessage(file + ": there is no such recipe");

        Files.writeString(file, new Recipe("x", QuantizationPlan.MIN_MAX, 8).toPrettyJson());
        assertThat(Recipe.read(file).plan()).isEqualTo(QuantizationPlan.MIN_MAX);
    }
}
