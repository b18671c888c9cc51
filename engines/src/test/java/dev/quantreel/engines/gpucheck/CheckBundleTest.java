package dev.quantreel.engines.gpucheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.XZInputStream;

/// The bundle as a machine gets it: its size, what is in it, and a dry run on its own Java.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class CheckBundleTest {

    private static final Path MODELS = Path.of("..", "workflows", "demo-models");

    /// Quick to pack, some megabytes larger than what is shipped.
    private static final int FAST = 1;

    private final Path folder;

    CheckBundleTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @Test
    void itFitsRunsOnItsOwnJavaAndGetsAsFarAsTheDevice() throws IOException, InterruptedException {
        Path file = folder.resolve("bundle.tar.xz");
        long size = new CheckBundle(MODELS, FAST).write(file, new PrintStream(OutputStream.nullOutputStream()));

        assertThat(size).isEqualTo(Files.size(file)).isLessThanOrEqualTo(CheckBundle.LIMIT_BYTES);
        Path home = unpack(file).resolve(CheckBundle.FOLDER);
        assertThat(home.resolve("run.sh")).isExecutable();
        assertThat(home.resolve("jre/bin/java")).isExecutable();
        assertThat(home.resolve("jre/legal/java.base/LICENSE")).isNotEmptyFile();
        assertThat(home.resolve("models/diffusion_models/quantreel_demo_dit_bf16.safetensors"))
                .hasSameBinaryContentAs(MODELS.resolve("diffusion_models/quantreel_demo_dit_bf16.safetensors"));
        assertThat(names(home.resolve("app")))
                .contains("quantreel-engines.jar")
                .as("ten libraries, and six of TensorRT's bindings")
                .hasSize(16);

        Process process = new ProcessBuilder(
                        "sh", home.resolve("run.sh").toString(), "--dry-run", "--only", realItems())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said.txt").toFile())
                .directory(folder.toFile())
                .start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        String said = Files.readString(folder.resolve("said.txt"), StandardCharsets.UTF_8);

        assertThat(process.exitValue()).as(said).isZero();
        assertThat(said)
                .contains("what can be done without a device works")
                .doesNotContain("failed:")
                .doesNotContain("ClassNotFound")
                .doesNotContain("NoClassDef");
        assertThat(folder.resolve("gpu-check/results.json")).isNotEmptyFile();
    }

    private static String realItems() {
        return String.join(",", GpuCheckTest.real().map(GpuCheckItem::id).toList());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }

    /// Reads the archive by the standard's own words, not by the class that wrote it.
    private Path unpack(Path file) throws IOException {
        Path target = Files.createDirectory(folder.resolve("unpacked"));
        try (InputStream in = new XZInputStream(Files.newInputStream(file))) {
            for (byte[] header = in.readNBytes(512); header[0] != 0; header = in.readNBytes(512)) {
                assertThat(text(header, 257, 5)).isEqualTo("ustar");
                String prefix = text(header, 345, 155);
                Path path = target.resolve((prefix.isEmpty() ? "" : prefix + "/") + text(header, 0, 100));
                int size = Integer.parseInt(text(header, 124, 11), 8);
                Files.createDirectories(path.getParent());
                Files.write(path, in.readNBytes(size));
                if ((Integer.parseInt(text(header, 100, 7), 8) & 0100) != 0) {
                    assertThat(path.toFile().setExecutable(true)).isTrue();
                }
                in.skipNBytes((512 - size % 512) % 512);
            }
        }
        return target;
    }

    private static String text(byte[] block, int at, int length) {
        int end = at;
        while (end < at + length && block[end] != 0) {
            end++;
        }
        return new String(block, at, end - at, StandardCharsets.US_ASCII);
    }

    @Test
    void pythonAndTarReadWhatIsWritten() throws IOException, InterruptedException {
        Path file = folder.resolve("small.tar.xz");
        String deep = "a/" + "long-name/".repeat(14) + "file.txt";
        try (OutputStream out = Files.newOutputStream(file);
                TarXz archive = new TarXz(out, FAST)) {
            archive.text("hello", "top.sh", true);
            archive.text("x".repeat(513), deep, false);
        }
        Map<String, List<String>> readers = Map.of(
                "python3", List.of("python3", "-m", "tarfile", "-e", file.toString(), "."),
                "tar", List.of("tar", "xJf", file.toString()));
        List<String> tried = new ArrayList<>();
        for (Map.Entry<String, List<String>> reader : readers.entrySet()) {
            Path target = Files.createDirectory(folder.resolve(reader.getKey()));
            if (run(reader.getValue(), target)) {
                tried.add(reader.getKey());
                assertThat(target.resolve("top.sh")).hasContent("hello").isExecutable();
                assertThat(target.resolve(deep)).hasSize(513).isNotEmptyFile();
            }
        }
        assertThat(tried).as("a reader of another hand").isNotEmpty();
    }

    @Test
    void onnxRuntimeComesInPartsThatTogetherAreItsFolder() throws IOException {
        Path installed = folder.resolve("extras");
        Files.createDirectories(installed.resolve("native"));
        byte[] library = new byte[50_000];
        new Random(7).nextBytes(library);
        Files.write(installed.resolve("native/libonnxruntime.so.1"), library);
        Files.createSymbolicLink(installed.resolve("native/libonnxruntime.so"), Path.of("libonnxruntime.so.1"));
        Files.write(installed.resolve("classes.jar"), new byte[] {1, 2, 3});

        List<Path> parts = new OrtBundle(installed, FAST).write(folder.resolve("ort.tar.xz"), 20_000);

        assertThat(parts).hasSizeGreaterThan(2).allSatisfy(part -> assertThat(Files.size(part))
                .isLessThanOrEqualTo(20_000));
        Path whole = folder.resolve("whole.tar.xz");
        try (OutputStream out = Files.newOutputStream(whole)) {
            for (Path part : parts) {
                Files.copy(part, out);
            }
        }
        Path ort = unpack(whole).resolve(CheckBundle.FOLDER).resolve("ort");
        assertThat(ort.resolve("native/libonnxruntime.so")).hasBinaryContent(library);
        assertThat(ort.resolve("classes.jar")).hasBinaryContent(new byte[] {1, 2, 3});
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new OrtBundle(folder, FAST).write(whole, 1))
                .withMessageContaining("./quantreel install ort-gpu");
    }

    /// False where there is no such program.
    private static boolean run(List<String> command, Path folder) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(
                            folder.resolveSibling(folder.getFileName() + ".txt").toFile())
                    .start();
            assertThat(process.waitFor()).as(command.toString()).isZero();
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
