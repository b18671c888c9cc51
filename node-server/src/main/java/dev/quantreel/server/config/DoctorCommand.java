package dev.quantreel.server.config;

import com.sun.management.OperatingSystemMXBean;
import dev.quantreel.engines.gpu.GpuDetection;
import dev.quantreel.engines.gpu.GpuReportText;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineProvider;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoFormat;
import dev.quantreel.engines.video.VideoOptions;
import dev.quantreel.engines.video.VideoWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `quantreel doctor`.
@Command(
        name = "doctor",
        description =
                "Tells what this machine has: JDK, CPU, memory, GPUs and NVIDIA's libraries, engines, models, encoders. Exit code 1 when no workflow could run.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class DoctorCommand implements Callable<Integer> {

    private static final long MIB = 1 << 20;
    private static final List<String> FEATURES =
            List.of("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "amx_bf16", "asimddp", "i8mm", "sve");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Mixin
    private FolderOptions folders = new FolderOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        Application application = Application.create(folders.config(Optional.empty()));
        machine(out);
        GpuReportText.lines(GpuDetection.report())
                .forEach(found -> line(out, "gpu", found.good() ? "ok" : "no", found.text()));
        boolean engines = engines(out);
        packs(out, application);
        models(out, application);
        boolean encoders = encoders(out);
        boolean page = Files.isRegularFile(application.config().page().resolve("index.html"));
        line(out, "page", page ? "ok" : "no", page ? "built" : "not built: npm ci && npm run build in web");
        out.flush();
        return engines && encoders ? 0 : 1;
    }

    private static void line(PrintWriter out, String what, String state, String text) {
        out.printf("%-10s %-4s %s%n", what, state, text);
    }

    private static void machine(PrintWriter out) {
        line(
                out,
                "jdk",
                Runtime.version().feature() == 25 ? "ok" : "no",
                System.getProperty("java.vm.name") + " " + Runtime.version());
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        line(
                out,
                "vector api",
                vectors ? "ok" : "no",
                vectors
                        ? "jdk.incubator.vector is on"
                        : "start with --add-modules=jdk.incubator.vector; plain Java is used");
        line(
                out,
                "cpu",
                "ok",
                Runtime.getRuntime().availableProcessors() + " threads, " + System.getProperty("os.arch") + ", "
                        + cpuFeatures());
        long heap = Runtime.getRuntime().maxMemory() / MIB;
        String memory = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize() / MIB + " MiB, " + system.getFreeMemorySize() / MIB + " MiB free, "
                : "";
        line(out, "memory", "ok", memory + "Java heap up to " + heap + " MiB");
    }

    /// What the kernel says the processor can do; only Linux tells in a file.
    private static String cpuFeatures() {
        Path file = Path.of("/proc/cpuinfo");
        try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
            String flags = lines.filter(line -> line.startsWith("flags") || line.startsWith("Features"))
                    .findFirst()
                    .orElse("");
            List<String> words = List.of(flags.split("\\s+", -1));
            List<String> found = FEATURES.stream().filter(words::contains).toList();
            return found.isEmpty() ? "no special instructions known" : String.join(" ", found);
        } catch (IOException | UncheckedIOException e) {
            return "instructions unknown on this system";
        }
    }

    @SuppressWarnings("checkstyle:IllegalCatch") // a provider whose library is broken must not end the examination
    private static boolean engines(PrintWriter out) {
        boolean any = false;
        for (ServiceLoader.Provider<EngineProvider> found :
                ServiceLoader.load(EngineProvider.class).stream().toList()) {
            try {
                EngineProvider provider = found.get();
                switch (provider.probe()) {
                    case EngineProvider.Availability.Available(String detail) -> {
                        any = true;
                        line(
                                out,
                                "engine",
                                "ok",
                                provider.id() + " (rank " + provider.rank() + "): " + detail + ", "
                                        + provider.capabilities());
                    }
                    case EngineProvider.Availability.Unavailable(String reason) ->
                        line(out, "engine", "no", provider.id() + ": " + reason);
                }
            } catch (ServiceConfigurationError | RuntimeException | LinkageError e) {
                line(out, "engine", "no", found.type().getName() + ": " + e);
            }
        }
        if (!any) {
            line(out, "engine", "no", "no engine can run here");
        }
        return any;
    }

    private static void packs(PrintWriter out, Application application) {
        line(out, "nodes", "ok", application.catalog().entries().size() + " kinds from packs " + application.packs());
        application.packProblems().forEach(problem -> line(out, "nodes", "no", problem));
    }

    private static void models(PrintWriter out, Application application) {
        for (String folder : application.folders().folders()) {
            List<String> files = application.folders().files(folder);
            if (!files.isEmpty()) {
                line(out, "models", "ok", folder + ": " + String.join(", ", files));
            }
        }
        line(out, "models", "ok", "put more into " + application.config().base().resolve("models"));
    }

    /// Encodes a tiny clip in each format: the only way to know that an encoder works.
    @SuppressWarnings("checkstyle:IllegalCatch") // a missing native library shows up as LinkageError
    private static boolean encoders(PrintWriter out) {
        boolean all = true;
        Frames clip = Frames.ofBytes(2, 32, 32, new byte[2 * 32 * 32 * 3]);
        for (VideoFormat format : VideoFormat.values()) {
            try {
                Path file = Files.createTempFile("quantreel-doctor", "." + format.extension());
                try {
                    VideoOptions options = new VideoOptions(format, 8, VideoOptions.DEFAULT_QUALITY, 1, Map.of());
                    new VideoWriter().write(clip, file, options, CancellationToken.NONE);
                    line(out, "encoder", "ok", format.extension());
                } finally {
                    Files.deleteIfExists(file);
                }
            } catch (IOException | RuntimeException | LinkageError e) {
                all = false;
                line(out, "encoder", "no", format.extension() + ": " + e);
            }
        }
        return all;
    }
}
