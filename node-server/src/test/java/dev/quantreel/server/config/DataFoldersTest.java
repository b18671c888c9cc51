package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.nodes.spi.NodeInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class DataFoldersTest {

    @TempDir
    private Path root;

    private DataFolders folders;

    @BeforeEach
    void create() throws IOException {
        write("base/models/vae/a.safetensors");
        write("base/models/vae/sub/b.safetensors");
        write("base/models/vae/.hidden.safetensors");
        write("base/models/vae/README.md");
        write("home/workflows/demo-models/vae/demo.safetensors");
        write("extra/x.safetensors");
        write("base/input/in.png");
        write("secret.safetensors");
        Files.createSymbolicLink(root.resolve("base/models/vae/link.safetensors"), root.resolve("secret.safetensors"));
        Files.createSymbolicLink(root.resolve("base/models/vae/circle"), root.resolve("base/models/vae"));
        folders = new DataFolders(config(Map.of("vae", List.of(root.resolve("extra")))));
    }

    private Path write(String name) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, name);
    }

    private ServerConfig config(Map<String, List<Path>> extra) {
        Path base = root.resolve("base");
        return new ServerConfig(
                root.resolve("home"),
                base,
                base.resolve("output"),
                base.resolve("input"),
                base.resolve("temp"),
                base.resolve("user"),
                extra);
    }

    @Test
    void filesOfAllFoldersOfAKindAreListedAndLinksThatLeaveOrCircleAreNot() {
        assertThat(folders.files("vae"))
                .containsExactly("a.safetensors", "demo.safetensors", "sub/b.safetensors", "x.safetensors");
        assertThat(folders.files("input")).containsExactly("in.png");
        assertThat(folders.files("none")).isEmpty();
    }

    @Test
    void oldNamesOfFoldersStillWork() throws IOException {
        write("base/models/diffusion_models/m.safetensors");

        assertThat(folders.files("unet")).contains("m.safetensors");
        assertThat(folders.resolve("model", "unet", "m.safetensors"))
                .isEqualTo(root.resolve("base/models/diffusion_models/m.safetensors"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"link.safetensors", "../../../secret.safetensors", "none.safetensors", "/etc/passwd", "README.md"
            })
    void whatIsNotAFileOfTheFolderIsRefusedNamingPortAndChoices(String name) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> folders.resolve("vae_name", "vae", name))
                .withMessageContaining(name)
                .withMessageContaining("a.safetensors")
                .satisfies(e -> assertThat(e.port()).isEqualTo("vae_name"));
    }

    @Test
    void extraModelPathsAreReadAsComfyUiWritesThem() throws IOException {
        Path yaml = Files.writeString(root.resolve("extra.yaml"), """
                comfyui:
                    base_path: extra/
                    is_default: true
                    unet: |
                        one
                        two
                    vae: ../v
                empty:
                """);

        Map<String, List<Path>> read = ExtraModelPaths.read(yaml);

        assertThat(read).containsOnlyKeys("diffusion_models", "vae");
        assertThat(read.get("diffusion_models")).containsExactly(root.resolve("extra/one"), root.resolve("extra/two"));
        assertThat(read.get("vae")).containsExactly(root.resolve("v"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"- a\n- b", "a: [", "section: text", "!!javax.script.ScriptEngineManager []"})
    void otherYamlIsRefusedNamingTheFile(String text) throws IOException {
        Path yaml = Files.writeString(root.resolve("extra.yaml"), text);

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ExtraModelPaths.read(yaml))
                .withMessageContaining("extra.yaml");
    }
}
