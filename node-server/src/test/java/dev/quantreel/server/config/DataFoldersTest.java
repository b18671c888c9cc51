package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.nodes.spi.NodeInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        folders = new DataFolders(config(List.of(new ExtraFolder("vae", root.resolve("extra"), false))));
    }

    private Path write(String name) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, name);
    }

    private ServerConfig config(List<ExtraFolder> extra) {
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
    void filesOfFormerFolderNamesAndPreferredFoldersAreFound() throws IOException {
        write("base/models/unet/old.safetensors");
        write("base/models/clip/old_clip.safetensors");
        write("fast/a.safetensors");
        DataFolders preferring = new DataFolders(config(List.of(
                new ExtraFolder("vae", root.resolve("extra"), false),
                new ExtraFolder("vae", root.resolve("fast"), true))));

        assertThat(preferring.files("diffusion_models")).contains("old.safetensors");
        assertThat(preferring.files("text_encoders")).contains("old_clip.safetensors");
        assertThat(preferring.resolve("vae_name", "vae", "a.safetensors"))
                .isEqualTo(root.resolve("fast/a.safetensors"));
        assertThat(folders.resolve("vae_name", "vae", "a.safetensors"))
                .isEqualTo(root.resolve("base/models/vae/a.safetensors"));
    }

    @Test
    void shardsAreOfferedAsTheirIndex() throws IOException {
        write("base/models/unet/big/model-00001-of-00002.safetensors");
        write("base/models/unet/big/model-00002-of-00002.safetensors");
        write("base/models/unet/loose-00001-of-00002.safetensors");
        write("base/models/unet/big/model.safetensors.index.json");

        assertThat(folders.files("diffusion_models"))
                .contains("big/model.safetensors.index.json", "loose-00001-of-00002.safetensors")
                .noneMatch(name -> name.startsWith("big/model-"));
    }
}
