package dev.quantreel.nodes.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The node that trains as it is without `./quantreel install training`: in a process whose class path lacks
/// PyTorch's jars.
class TrainingNotInstalledTest {

    private static String classPathWithoutTraining() {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(classPath.split(File.pathSeparator))
                .filter(entry -> !entry.contains("pytorch"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    /// Runs the node; what is missing is asked for before any input is looked at.
    @SuppressWarnings("NullAway")
    public static void main(String[] args) throws Exception {
        try {
            new TrainErrorEstimate().run(null, null);
        } catch (IllegalStateException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }

    @Test
    void theNodeSaysWhatIsMissingAndHowToInstallIt() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "-cp",
                        classPathWithoutTraining(),
                        TrainingNotInstalledTest.class.getName())
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(printed)
                .contains("refused: training needs Deep Java Library's PyTorch engine, which is not part of Quantreel")
                .contains("./quantreel install training");
    }
}
