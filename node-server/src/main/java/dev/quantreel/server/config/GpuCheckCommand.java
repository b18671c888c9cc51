package dev.quantreel.server.config;

import dev.quantreel.engines.gpucheck.CheckBundle;
import dev.quantreel.engines.gpucheck.CheckOptions;
import dev.quantreel.engines.gpucheck.GpuCheck;
import dev.quantreel.engines.gpucheck.GpuCheckItem;
import dev.quantreel.engines.gpucheck.OrtBundle;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `quantreel gpu-check`.
@Command(
        name = "gpu-check",
        description = {
            "Measures what is claimed of NVIDIA GPUs on the one at hand, beside PyTorch where python3 has it, and prints"
                    + " a table (docs/gpu-checks.md). Without a GPU it does everything up to the device.",
            "Exit code 0: all is as claimed. 1: something is not. 3: there was no device."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class GpuCheckCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(names = "--only", paramLabel = "ID,ID", description = "Some items; --list names them.")
    private String only = "";

    @Option(names = "--list", description = "Names the items and what each claims.")
    private boolean list;

    @Option(names = "--dry-run", description = "Stop before the device even where there is one; exit code 0 or 1.")
    private boolean dry;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "Where results.md, results.json and log.txt go; default gpu-check.")
    private Path out = Path.of("gpu-check");

    @Option(names = "--seconds", paramLabel = "N", description = "Time for all; default 470.")
    private int seconds = 470;

    @Option(
            names = "--driver",
            paramLabel = "LIBRARY",
            description = "The CUDA driver's library, for example the host simulator's; default libcuda.so.1.")
    private @Nullable String driver;

    @Option(names = "--small", description = "Shapes that a simulator ends within seconds; figures mean nothing.")
    private boolean small;

    @Option(
            names = "--bundle",
            paramLabel = "FILE",
            description = "Check nothing, but write all that a machine with a GPU and without network or JDK needs into"
                    + " one file (.tar.xz, at most 60 MB).")
    private @Nullable Path bundle;

    @Option(
            names = "--ort-bundle",
            paramLabel = "FILE",
            description =
                    "Check nothing, but write extras/ort-gpu (`./quantreel install ort-gpu`) into parts FILE.00 ... of"
                            + " at most 60 MB, for the item ort.")
    private @Nullable Path ortBundle;

    @Override
    public Integer call() throws IOException {
        PrintStream stream = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Path models = ServerConfig.homeFolder().resolve("workflows").resolve("demo-models");
        if (list) {
            list(stream);
            return 0;
        }
        if (bundle != null) {
            bundle(models, bundle, stream);
            return 0;
        }
        if (ortBundle != null) {
            ortBundle(ortBundle, stream);
            return 0;
        }
        CheckOptions options = CheckOptions.of(out, models, CheckBundle.script(out.resolve("work")))
                .withOnly(CheckOptions.ids(only))
                .with(Optional.ofNullable(driver), Duration.ofSeconds(seconds), dry, small);
        try {
            return new GpuCheck(options, stream).run();
        } catch (IllegalArgumentException e) {
            throw new ConfigException(String.valueOf(e.getMessage()));
        }
    }

    private static void list(PrintStream stream) {
        for (GpuCheckItem item : GpuCheck.items()) {
            stream.printf("%-10s at most %d s%n", item.id(), item.limit().toSeconds());
            item.claims().forEach(claim -> stream.println("           " + claim.text()));
        }
    }

    private static void ortBundle(Path file, PrintStream stream) {
        try {
            Path installed = ServerConfig.homeFolder().resolve("extras").resolve("ort-gpu");
            new OrtBundle(installed, CheckBundle.PRESET)
                    .write(file, CheckBundle.LIMIT_BYTES)
                    .forEach(stream::println);
        } catch (IOException e) {
            throw new ConfigException("the parts cannot be written: " + e.getMessage());
        }
    }

    private static void bundle(Path models, Path file, PrintStream stream) throws IOException {
        try {
            long size = new CheckBundle(models, CheckBundle.PRESET).write(file, stream);
            stream.printf(Locale.ROOT, "%s: %.1f MB. On the machine with the GPU:%n", file, size / 1e6);
            stream.println("  python3 -m tarfile -e " + file.getFileName() + " . && sh quantreel-gpu-check/run.sh");
        } catch (IOException e) {
            throw new ConfigException("the bundle cannot be written: " + e.getMessage());
        }
    }
}
