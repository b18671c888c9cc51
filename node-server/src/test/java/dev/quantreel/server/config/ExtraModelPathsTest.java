package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExtraModelPathsTest {

    private final Path root;

    ExtraModelPathsTest(@TempDir Path root) throws IOException {
        this.root = root;
        for (String folder : new String[] {"extra/one", "extra/two", "v", "big/models/vae"}) {
            Files.createDirectories(root.resolve(folder));
        }
    }

    private ExtraModelPaths.Extra read(String text) throws IOException {
        Path file = Files.writeString(root.resolve("extra.yaml"), text);
        return ExtraModelPaths.read(file, Map.of("MODELS", root.resolve("big").toString(), "KIND", "vae"));
    }

    private static ExtraFolder folder(String kind, Path path) {
        return new ExtraFolder(kind, path, false);
    }

    @Test
    void sectionsAreReadAsComfyUiWritesThem() throws IOException {
        ExtraModelPaths.Extra extra = read("""
                # my second disk
                comfyui:
                    base_path: extra/
                    is_default: true
                    unet: |
                        one
                        two
                    clip: one
                    vae: ../v
                    loras:
                other:
                    vae: v
                empty:
                """);

        assertThat(extra.folders())
                .containsExactly(
                        new ExtraFolder("diffusion_models", root.resolve("extra/one"), true),
                        new ExtraFolder("diffusion_models", root.resolve("extra/two"), true),
                        new ExtraFolder("text_encoders", root.resolve("extra/one"), true),
                        new ExtraFolder("vae", root.resolve("v"), true),
                        folder("vae", root.resolve("v")));
        assertThat(extra.warnings()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"$MODELS/models", "${MODELS}/models", "%MODELS%/models"})
    void environmentVariablesAreExpanded(String base) throws IOException {
        assertThat(read("a:\n  base_path: \"" + base + "\"\n  vae: $KIND\n").folders())
                .containsExactly(folder("vae", root.resolve("big/models/vae")));
    }

    @Test
    void homeFolderAbsolutePathsAndListsAreAccepted() throws IOException {
        Path home = Path.of(System.getProperty("user.home"));

        ExtraModelPaths.Extra extra = read("a:\n  vae:\n    - ~\n    - ~/x-none\n    - " + root.resolve("v") + "\n");

        assertThat(extra.folders())
                .containsExactly(
                        folder("vae", home), folder("vae", home.resolve("x-none")), folder("vae", root.resolve("v")));
    }

    @Test
    void pathsThatDoNotExistAreWarningsWithTheirLine() throws IOException {
        Files.writeString(root.resolve("file"), "x");

        ExtraModelPaths.Extra extra = read("""
                disk:
                    base_path: gone
                    vae: v
                here:
                    vae: file
                    diffusion_model: v
                    loras: |
                        $NOPE/x
                """);

        assertThat(extra.warnings())
                .satisfiesExactlyInAnyOrder(
                        warning -> assertThat(warning)
                                .contains("extra.yaml, line 2", "base_path is", "gone", "does not exist"),
                        warning -> assertThat(warning).contains("line 3", "gone/v", "does not exist"),
                        warning -> assertThat(warning).contains("line 5", "is a file, not a folder"),
                        warning -> assertThat(warning)
                                .contains("line 6", "'diffusion_model'", "probably 'diffusion_models'"),
                        warning -> assertThat(warning).contains("line 7", "$NOPE/x", "does not exist"));
        assertThat(extra.folders()).hasSize(4);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "- a | line 1 | the file is a list | sections",
                "section: text | line 1 | section 'section' is 'text' | lines such as",
                "a:@  base_path: [x] | line 2 | base_path is a list | expected a text",
                "a:@  base_path:@    x: y | line 3 | base_path is a mapping | expected a text",
                "a:@  vae: {x: y} | line 2 | vae is a mapping | expected a text",
                "a:@  is_default: maybe | line 2 | is_default is 'maybe' | true or false",
                "a:@  vae: x@  vae: y | line 3 | 'vae' occurs twice | vae",
                "a:@  vae: !!javax.script.ScriptEngineManager x | line 2 | vae is a value of type | ScriptEngineManager",
                "!!javax.script.ScriptEngineManager [] | line 1 | the file is a list | sections",
                "a: [ | not YAML | line 1 | extra.yaml",
                "a:@\t- x | not YAML | line 2 | extra.yaml"
            })
    void otherFormsAreErrorsWithTheirLine(String text, String one, String two, String three) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> read(text.replace('@', '\n')))
                .withMessageContaining("extra.yaml")
                .withMessageContaining(one)
                .withMessageContaining(two)
                .withMessageContaining(three);
    }

    @Test
    void missingFileIsNamed() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ExtraModelPaths.read(root.resolve("none.yaml")))
                .withMessageContaining("none.yaml")
                .withMessageContaining("there is no file");
    }

    @ParameterizedTest
    @CsvSource({
        "diffusion_modles, diffusion_models",
        "Text-Encoder, text_encoders",
        "lroas, loras",
        "VAE, vae",
    })
    void misspelledKindIsNamedWithTheNearestOne(String kind, String meant) throws IOException {
        assertThat(read("a:\n    " + kind + ": .\n").warnings())
                .singleElement()
                .asString()
                .contains("line 2", "'" + kind + "'", "probably '" + meant + "'");
    }
}
