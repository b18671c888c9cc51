package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
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
import picocli.CommandLine;

@SuppressWarnings("NullAway") // JUnit fills the fields; a lookup that finds nothing fails the test
class CommandsTest {

    @TempDir
    private Path root;

    private record Ran(int code, String out, String err) {}

    private static Ran quantreel(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int code = line.execute(arguments);
        return new Ran(code, out.toString(), err.toString());
    }

    private Path workflow(String json) throws IOException {
        return Files.writeString(root.resolve("w.json"), json);
    }

    @ParameterizedTest
    @ValueSource(strings = {"serve", "run", "nodes", "models", "convert", "doctor", "bench", "synth", "inspect"})
    void everyCommandExplainsItself(String command) {
        Ran ran = quantreel(command, "--help");

        assertThat(ran.code()).isZero();
        assertThat(ran.out()).startsWith("Usage: quantreel " + command);
    }

    @Test
    void serveKnowsComfyUisFlags() {
        assertThat(quantreel("serve", "--help").out())
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
        assertThat(quantreel("--version").out()).matches("(?s)Quantreel \\d+\\.\\d+\\.\\d+.*");
    }

    @Test
    void missingCommandAndUnknownOptionsAreUsageErrors() {
        assertThat(quantreel().code()).isEqualTo(2);
        assertThat(quantreel("serve", "--nope").code()).isEqualTo(2);
        assertThat(quantreel("run").code()).isEqualTo(2);
    }

    @Test
    void nodesAreListedAndDescribedByIdOrTitle() {
        Ran list = quantreel("nodes");
        Ran byId = quantreel("nodes", "SaveVideo");
        Ran byTitle = quantreel("nodes", "save video");

        assertThat(list.out()).contains("SaveVideo", "Save Video");
        assertThat(byId.out()).contains("Inputs:", "quality: INT 1 to 100, default 90", "Frames per second");
        assertThat(byTitle.out()).isEqualTo(byId.out());
        assertThat(quantreel("nodes", "Nope").code()).isEqualTo(2);
        assertThat(quantreel("nodes", "Nope").err()).contains("no kind of node 'Nope'", "SaveVideo");
    }

    @Test
    void unknownNodeInAWorkflowIsNamed() throws IOException {
        Ran ran = quantreel(
                "run",
                workflow("{\"7\":{\"class_type\":\"Nope\",\"inputs\":{}}}").toString());

        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("node 7", "Nope");
    }

    @Test
    void valueOutOfRangeNamesNodeInputValueAndWhatIsAccepted() throws IOException {
        Ran ran = quantreel(
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
        Ran broken = quantreel("run", workflow("{").toString());
        Ran missing = quantreel("run", root.resolve("none.json").toString());
        Ran setting = quantreel("run", workflow("{}").toString(), "--set", "nonsense");

        assertThat(broken.code()).isEqualTo(2);
        assertThat(broken.err()).contains("w.json", "invalid JSON", "line");
        assertThat(missing.err()).contains("there is no file", "none.json");
        assertThat(setting.err()).contains("--set nonsense", "node.input=value");
    }

    @Test
    void baseDirectoryThatDoesNotExistIsNamed() {
        Ran ran = quantreel("nodes", "--base-directory", root.resolve("none").toString());

        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("--base-directory", "none");
    }

    @Test
    void unknownBenchmarkIsNamed() {
        assertThat(quantreel("bench").code()).isZero();
        assertThat(quantreel("bench", "nope").err()).contains("no benchmark 'nope'");
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

        Ran ran = quantreel("synth", "wan-t2v-1.3b", "--sparse", "--out", file.toString());

        assertThat(ran.err()).isEmpty();
        assertThat(ran.code()).isZero();
        assertThat(ran.out()).contains("1,418,996,800 parameters in 825 tensors");
        assertThat(Files.size(file)).isGreaterThan(2_837_993_600L);
    }

    @Test
    void synthSaysWhichModelsThereAre() {
        assertThat(quantreel("synth").out()).contains("wan-t2v-1.3b", "wan2.2-ti2v-5b", "1,418,996,800");
        Ran ran = quantreel("synth", "flux");
        assertThat(ran.code()).isEqualTo(2);
        assertThat(ran.err()).contains("'flux'", "wan-t2v-1.3b");
        assertThat(quantreel("synth", "wan-t2v-1.3b", "--dtype", "int3").err()).contains("int3", "bf16, f16, f32, fp8");
    }
}
