package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The command line as it is without `./quantreel install training`: in a process of its own, whose class path lacks
/// PyTorch's jars.
class TrainingNotInstalledTest {

    /// Nothing is sampled before its node that trains.
    private static final String WORKFLOW = "workflows/compare-demo-w3a6-qvdit-training.json";

    @TempDir
    @SuppressWarnings("NullAway") // JUnit fills it
    private Path root;

    private static String classPathWithoutTraining() {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(classPath.split(File.pathSeparator))
                .filter(entry -> !entry.contains("pytorch"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    @Test
    void theNodeThatTrainsSaysHowToInstallIt() throws IOException, InterruptedException {
        Path workflow = ServerConfig.homeFolder().resolve(WORKFLOW);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1g",
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.awt.headless=true",
                "-Dquantreel.home=" + ServerConfig.homeFolder(),
                "-cp",
                classPathWithoutTraining(),
                Main.class.getName(),
                "run",
                workflow.toString(),
                "--out",
                root.resolve("out").toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(printed).isEqualTo(1);
        assertThat(printed)
                .contains("Q-VDiT Training")
                .contains("training needs Deep Java Library's PyTorch engine, which is not part of Quantreel")
                .contains("./quantreel install training")
                .doesNotContain("\tat ");
    }
}
