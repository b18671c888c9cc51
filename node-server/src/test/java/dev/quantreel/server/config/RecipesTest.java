package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.artifact.Recipe;
import dev.quantreel.engines.quant.PublishedMethod;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.SelfCalibrated;
import dev.quantreel.engines.quant.StatisticsPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The recipes that come with the program.
class RecipesTest {

    private static final Path FOLDER = Path.of("..", "recipes");

    static Stream<Path> recipes() {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void everyRecipeReadsAndHasTheNameOfItsFile(Path file) {
        assertThat(Recipe.read(file).name() + ".json").isEqualTo(String.valueOf(file.getFileName()));
    }

    @Test
    void theBestIsWhatItsNodePlans() {
        StatisticsPlan.SelfGenerated statistics = new StatisticsPlan.SelfGenerated(List.of(""), 8, 16, 90_000);
        assertThat(Recipe.read(FOLDER.resolve("self-calibrated-w4.json")).plan())
                .isEqualTo(SelfCalibrated.plan(4, 32, Optional.of(statistics)));
    }

    @Test
    void theTwoThatAreNamedAfterPlansAreThosePlans() {
        assertThat(Recipe.read(FOLDER.resolve("dvd-quant-w4.json")).plan()).isEqualTo(QuantizationPlan.DVD_QUANT);
        assertThat(Recipe.read(FOLDER.resolve("minmax-w4.json")).plan()).isEqualTo(QuantizationPlan.MIN_MAX);
    }

    /// Statistics are the recipe's own: plans of methods leave them to others.
    @ParameterizedTest
    @EnumSource(PublishedMethod.class)
    void everyPublishedMethodHasItsRecipe(PublishedMethod method) {
        String name = method.title().toLowerCase(Locale.ROOT) + "-w4.json";

        Recipe recipe = Recipe.read(FOLDER.resolve(name));

        QuantizationPlan plan = method.plan(4);
        StatisticsPlan statistics = recipe.plan().weight().statistics();
        assertThat(recipe.plan())
                .isEqualTo(new QuantizationPlan(plan.weight().with(statistics), plan.input(), plan.layers()));
        assertThat(statistics.equals(new StatisticsPlan.None())).isNotEqualTo(method.needsStatistics());
    }

    @ParameterizedTest
    @MethodSource("recipes")
    void everyRecipeIsInTheDocument(Path file) throws IOException {
        String name = Recipe.read(file).name();

        assertThat(Files.readString(Path.of("..", "docs", "recipes.md"))).contains("| `" + name + "` |");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "weights/quantizer",
                "weights/granularity",
                "weights/branch",
                "weights/statistics",
                "inputs/smoothing",
                "inputs/rotation",
                "inputs/quantizer"
            })
    void theDocumentNamesEveryKind(String path) throws IOException {
        String document = Files.readString(Path.of("..", "docs", "recipes.md"));
        String[] names = path.split("/", 2);
        String recipe = "{\"quantreel_recipe\": 1, \"%s\": {\"%s\": {\"kind\": \"?\"}}}".formatted(names[0], names[1]);

        String message = String.valueOf(assertThatIllegalArgumentException()
                .isThrownBy(() -> Recipe.parse("r", recipe))
                .actual()
                .getMessage());

        assertThat(message).contains("accepted are ");
        assertThat(message.replaceAll("(?s).*accepted are ", "").split(", ", -1))
                .hasSizeGreaterThan(1)
                .allSatisfy(kind -> assertThat(document).contains("`" + kind + "`"));
    }
}
