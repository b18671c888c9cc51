package dev.quantreel.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The program itself on machines whose NVIDIA libraries are stubs: sources in
/// `engines/src/test/resources/native-stubs`.
class DoctorGpuTest {

    private static final Path STUBS = Path.of("..", "engines", "src", "test", "resources", "native-stubs");

    private final Path root;

    DoctorGpuTest(@TempDir Path root) {
        this.root = root;
    }

    private Path libraries() throws IOException {
        return Files.createDirectories(root.resolve("libraries"));
    }

    private void compile(String source, String library, String... definitions)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("gcc", "-shared", "-fPIC", "-w"));
        for (String definition : definitions) {
            command.add("-D" + definition);
        }
        command.addAll(List.of(
                "-o",
                libraries().resolve(library).toString(),
                STUBS.resolve(source).toString()));
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes());
            assertThat(process.waitFor()).as(output).isZero();
        } catch (IOException e) {
            assumeTrue(false, "skipped: no C compiler (gcc), so no stub library: " + e.getMessage());
        }
    }

    /// The program with the stubs in place of the machine's libraries.
    private ProcessBuilder quantreel(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Dquantreel.gpu.libraries=" + libraries(),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        command.addAll(List.of(
                "--base-directory",
                Files.createDirectories(root.resolve("base")).toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder;
    }

    private String doctor() throws IOException, InterruptedException {
        Process process = quantreel("doctor").start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor())
                .as("the processor's engines serve, whatever NVIDIA's libraries do: %s", output)
                .isZero();
        return output;
    }

    @Test
    void aDriverThatAbortsAndAnOldTensorRtAreLinesOfTheDoctor() throws Exception {
        compile("driver.c", "libcuda.so.1", "ABORT");
        compile("versions.c", "libnvinfer.so.8", "TENSORRT=8601");
        compile("versions.c", "libcudart.so.12", "RUNTIME=12060");

        assertThat(doctor())
                .containsPattern("gpu +no +NVIDIA driver: the process that asked it ended with 134 \\(SIGABRT\\)")
                .containsPattern("gpu +no +CUDA runtime: 12.6 \\(.*needs CUDA 13")
                .containsPattern("gpu +no +cuDNN: libcudnn.so.9: cannot open shared object file")
                .containsPattern("gpu +no +TensorRT: 8.6.1 \\(.*the binding is of 10.15")
                .containsPattern("gpu +ok +ONNX Runtime: 1\\.\\d+\\.\\d+, built with CPU")
                .containsPattern("gpu +no +ONNX Runtime's CUDA provider: is not in this build.*install ort-gpu")
                .containsPattern("gpu +no +own kernels: cannot run here, for want of NVIDIA driver")
                .containsPattern("engine +ok +ort-cpu");
    }

    @Test
    void aDriverWithGpusIsShownByTheDoctor() throws Exception {
        compile("driver.c", "libcuda.so.1");

        assertThat(doctor())
                .containsPattern("gpu +ok +0: Stub A, compute capability 9.0, 64 MiB, 64 MiB free")
                .containsPattern("gpu +ok +NVIDIA driver: 13.0 \\(.*libcuda.so.1\\)")
                .containsPattern("gpu +ok +own kernels: can run here");
    }

    @Test
    void aServerStartsOverADriverThatAborts() throws Exception {
        compile("driver.c", "libcuda.so.1", "ABORT");
        Process process = quantreel("serve", "--port", "0").start();
        try (var reader = process.inputReader()) {
            String line = reader.readLine();
            while (line != null && !line.contains("http://")) {
                line = reader.readLine();
            }
            String url =
                    Objects.requireNonNull(line, "the server told no address").replaceAll(".*(http://\\S+?)/?$", "$1");
            try (HttpClient client = HttpClient.newHttpClient()) {
                HttpResponse<String> stats = client.send(
                        HttpRequest.newBuilder(URI.create(url + "/system_stats"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());

                assertThat(stats.statusCode()).isEqualTo(200);
                assertThat(stats.body()).contains("\"type\":\"cpu\"").doesNotContain("\"type\":\"cuda\"");
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
