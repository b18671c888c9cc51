package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class CommandsTest {

    @TempDir
    private Path root;

    private Path workflow(String json) throws IOException {
        return Files.writeString(root.resolve("w.json"), json);
    }

    @ParameterizedTest
    @ValueSource(strings = {"serve", "run", "nodes", "models", "convert", "doctor", "bench", "synth", "inspect"})
    void everyCommandExplainsItself(String command) {
        CommandLineRun ran = CommandLineRun.quantreel(command, "--help");

        assertThat(ran.code()).isZero();
        assertThat(ran.out()).startsWith("Usage: quantreel " + command);
    }

    @Test
    void serveKnowsComfyUisFlags() {
        assertThat(CommandLineRun.quantreel("serve", "--help").out())
                .contains(
                        "--listen",
                        "--port",
                        "--base-directory",
                        "--output-directory",
                        "--input-directory",
                        "--temp-directory",
                        "--extra-model-paths-config",
                        "--front-end-root",
                        "--enable-cors-header");
    }

    @Test
    void versionIsThatOfTheBuild() {
        assertThat(CommandLineRun.quantreel("--version").out()).matches("(?s)Quantreel \\d+\\.\\d+\\.\\d+.*");
    }

    @Test
    void missingCommandAndUnknownOptionsAreUsageErrors() {
        assertThat(CommandLineRun.quantreel().code()).isEqualTo(2);
        assertThat(CommandLineRun.quantreel("serve", "--nope").code()).isEqualTo(2);
        assertThat(CommandLineRun.quantreel("run").code()).isEqualTo(2);
    }

    @Test
    void nodesAreListedAndDescribedByIdOrTitle() {
        CommandLineRun list = CommandLineRun.quantreel("nodes");
        CommandLineRun byId = CommandLineRun.quantreel("nodes", "SaveVideo");
        CommandLineRun byTitle = CommandLineRun.quantreel("nodes", "save video");

        assertThat(list.out()).contains("SaveVideo", "Save Video");
        assertThat(byId.out()).contains("Inputs:", "quality: INT 1 to 100, default 90", "Frames per second");
        assertThat(byTitle.out()).isEqualTo(byId.out());
        assertThat(CommandLineRun.quantreel("nodes", "Nope").code()).isEqualTo(2);
        assertThat(CommandLineRun.quantreel("nodes", "Nope").err()).contains("no kind of node 'Nope'", "SaveVideo");
    }

    @Test
    void unknownNodeInAWorkflowIsNamed() throws IOException {
        CommandLineRun ran = CommandLineRun.quantreel(
                "run",
                workflow("{\"7\":{\"class_type\":\"Nope\",\"inputs\":{}}}").toString());

        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("node 7", "Nope");
    }

    @Test
    void valueOutOfRangeNamesNodeInputValueAndWhatIsAccepted() throws IOException {
        CommandLineRun ran = CommandLineRun.quantreel(
                "run",
                workflow(
                                "{\"7\":{\"class_type\":\"SaveVideo\",\"_meta\":{\"title\":\"Keep it\"},\"inputs\":"
                                        + "{\"filenamePrefix\":\"x\",\"format\":\"GIF\",\"fps\":8,\"quality\":101,\"scale\":0}}}")
                        .toString());

        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err())
                .contains("node 7 (Keep it): Value 101 bigger than max of 100: quality", "accepted: INT 1 to 100")
                .contains("node 7 (Keep it): Required input is missing: images");
    }

    @Test
    void fileThatIsNoWorkflowIsNamed() throws IOException {
        CommandLineRun broken = CommandLineRun.quantreel("run", workflow("{").toString());
        CommandLineRun missing =
                CommandLineRun.quantreel("run", root.resolve("none.json").toString());
        CommandLineRun setting = CommandLineRun.quantreel("run", workflow("{}").toString(), "--set", "nonsense");

        assertThat(broken.code()).isEqualTo(2);
        assertThat(broken.err()).contains("w.json", "invalid JSON", "line");
        assertThat(missing.err()).contains("there is no file", "none.json");
        assertThat(setting.err()).contains("--set nonsense", "node.input=value");
    }

    @Test
    void baseDirectoryThatDoesNotExistIsNamed() {
        CommandLineRun ran = CommandLineRun.quantreel(
                "nodes", "--base-directory", root.resolve("none").toString());

        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("--base-directory", "none");
    }

    @Test
    void unknownBenchmarkIsNamed() {
        assertThat(CommandLineRun.quantreel("bench").code()).isZero();
        assertThat(CommandLineRun.quantreel("bench", "nope").err()).contains("no benchmark 'nope'");
    }

    @Test
    void brokenPluginsAreLeftOutWithAReasonAndTheRestIsLoaded() throws IOException {
        Path plugins = Files.createDirectories(root.resolve("plugins"));
        Files.writeString(plugins.resolve("a-no-jar.jar"), "nonsense");
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(plugins.resolve("b-missing.jar")))) {
            jar.putNextEntry(new JarEntry("META-INF/services/dev.quantreel.nodes.spi.NodePack"));
            jar.write("example.Missing".getBytes(StandardCharsets.UTF_8));
        }

        PackLoader.Packs packs = PackLoader.load(plugins);

        assertThat(packs.catalog().find("SaveVideo")).isPresent();
        assertThat(packs.problems()).hasSize(2);
        assertThat(packs.problems()).anySatisfy(text -> assertThat(text).contains("b-missing.jar", "example.Missing"));
        assertThat(packs.problems()).anySatisfy(text -> assertThat(text).contains("a-no-jar.jar"));
    }

    @Test
    void packInAJarAddsItsNodes() throws IOException {
        Path plugins = Files.createDirectories(root.resolve("plugins"));
        String classFile = "dev/quantreel/server/config/PluginPack.class";
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(plugins.resolve("plugin.jar")))) {
            jar.putNextEntry(new JarEntry("META-INF/services/dev.quantreel.nodes.spi.NodePack"));
            jar.write(PluginPack.class.getName().getBytes(StandardCharsets.UTF_8));
            jar.putNextEntry(new JarEntry(classFile));
            jar.write(PluginPack.class.getResourceAsStream("PluginPack.class").readAllBytes());
        }

        PackLoader.Packs packs = PackLoader.load(plugins);

        assertThat(packs.problems()).isEmpty();
        assertThat(packs.names()).contains("plugin");
        assertThat(packs.catalog().find("FromPlugin"))
                .hasValueSatisfying(entry -> assertThat(entry.plugin()).isTrue());
        assertThat(List.copyOf(packs.catalog().entries()).getLast().spec().id()).isEqualTo("FromPlugin");
    }

    @Test
    void synthWritesASparseFileOfRealSize() throws IOException {
        Path file = root.resolve("wan.safetensors");

        CommandLineRun ran = CommandLineRun.quantreel("synth", "wan-t2v-1.3b", "--sparse", "--out", file.toString());

        assertThat(ran.err()).isEmpty();
        assertThat(ran.code()).isZero();
        assertThat(ran.out()).contains("1,418,996,800 parameters in 825 tensors");
        assertThat(Files.size(file)).isGreaterThan(2_837_993_600L);
    }

    @Test
    void synthSaysWhichModelsThereAre() {
        assertThat(CommandLineRun.quantreel("synth").out()).contains("wan-t2v-1.3b", "wan2.2-ti2v-5b", "1,418,996,800");
        CommandLineRun ran = CommandLineRun.quantreel("synth", "flux");
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("'flux'", "wan-t2v-1.3b");
        assertThat(CommandLineRun.quantreel("synth", "wan-t2v-1.3b", "--dtype", "int3")
                        .err())
                .contains("int3", "bf16, f16, f32, fp8");
    }
}
