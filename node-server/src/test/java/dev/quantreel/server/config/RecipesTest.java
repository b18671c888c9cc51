package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.artifact.Recipe;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.SelfCalibrated;
import dev.quantreel.engines.quant.StatisticsPlan;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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
}
