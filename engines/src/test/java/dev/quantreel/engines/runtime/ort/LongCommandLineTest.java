package dev.quantreel.engines.runtime.ort;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// ONNX Runtime in a process that was started as development environments start one: by a long command line.
class LongCommandLineTest {

    private static final int CHARACTERS = 60_000;

    public static void main(String[] args) {
        System.out.println(new OrtEngineProvider().probe());
    }

    @Test
    void onnxRuntimeStartsWhateverTheLengthOfTheCommandLine() throws IOException, InterruptedException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector",
                        "-cp",
                        classPath,
                        LongCommandLineTest.class.getName(),
                        "x".repeat(CHARACTERS))
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(printed).isZero();
        assertThat(printed).contains("ONNX Runtime 1.");
    }
}
