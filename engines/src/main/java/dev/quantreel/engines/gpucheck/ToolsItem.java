package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.gpucheck.CheckLog.Measurement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// NVIDIA's own tools over the check of the kernels, where the machine has them.
public final class ToolsItem implements GpuCheckItem {

    private static final Claim SANITIZER =
            new Claim("sanitizer", "compute-sanitizer finds no access out of bounds in the kernels' own check");
    private static final Claim NCU = new Claim(
            "ncu",
            "Nsight Compute: share of the tensor cores' time that the products s8 x s4 use (measured, no bound)");
    private static final Pattern ERRORS = Pattern.compile("ERROR SUMMARY: (\\d+) error");
    private static final String METRIC = "sm__inst_executed_pipe_tensor.avg.pct_of_peak_sustained_active";
    private static final Pattern VALUE = Pattern.compile(Pattern.quote(METRIC) + "\\s+%\\s+([\\d.,]+)");
    private static final Duration LIMIT = Duration.ofSeconds(55);

    @Override
    public String id() {
        return "tools";
    }

    @Override
    public int order() {
        return 90;
    }

    @Override
    public Duration limit() {
        return Duration.ofSeconds(120);
    }

    @Override
    public List<Claim> claims() {
        return List.of(SANITIZER, NCU);
    }

    @Override
    public void prepare(CheckContext context) {
        context.log()
                .note("compute-sanitizer: "
                        + find("compute-sanitizer").map(Path::toString).orElse("not here"));
        context.log().note("ncu: " + find("ncu").map(Path::toString).orElse("not here"));
    }

    @Override
    public void measure(CheckContext context) throws IOException {
        if (context.small()) {
            claims().forEach(claim -> context.log().skipped(claim, "", "the tools do not see a simulator"));
            return;
        }
        sanitize(context);
        profile(context);
    }

    private static void sanitize(CheckContext context) throws IOException {
        Optional<Path> tool = find("compute-sanitizer");
        if (tool.isEmpty()) {
            context.log().skipped(SANITIZER, "", "compute-sanitizer is not on this machine");
            return;
        }
        Matcher summary = ERRORS.matcher(run(context, List.of(tool.get().toString(), "--tool", "memcheck"), "kernels"));
        boolean found = summary.find();
        context.log()
                .judge(
                        SANITIZER,
                        "",
                        found && summary.group(1).equals("0"),
                        new Measurement(found ? summary.group(1) + " errors" : "no summary", ""),
                        "a summary with no errors");
    }

    private static void profile(CheckContext context) throws IOException {
        Optional<Path> tool = find("ncu");
        if (tool.isEmpty()) {
            context.log().skipped(NCU, "", "ncu is not on this machine");
            return;
        }
        List<String> command = new ArrayList<>(List.of(tool.get().toString(), "--target-processes"));
        command.addAll(List.of("application-only", "--kernel-name", "regex:qr_gemm"));
        command.addAll(List.of("--launch-count", "4", "--metrics", METRIC));
        Matcher value = VALUE.matcher(run(context, command, "gemm"));
        if (value.find()) {
            context.log().ok(NCU, "", value.group(1) + " %", "");
        } else {
            context.log().skipped(NCU, "", "ncu gave no figure; most likely counters are not for everybody here");
        }
    }

    /// On the path, beside pip's packages (which the script puts into `LD_LIBRARY_PATH`), or where CUDA is installed.
    private static Optional<Path> find(String tool) {
        Map<String, String> environment = System.getenv();
        Stream<Path> path =
                Stream.of(environment.getOrDefault("PATH", "").split(":")).map(Path::of);
        Stream<Path> libraries = Stream.of(
                        environment.getOrDefault("LD_LIBRARY_PATH", "").split(":"))
                .map(folder -> Path.of(folder).resolveSibling("bin"));
        return Stream.concat(Stream.concat(path, libraries), Stream.of(Path.of("/usr/local/cuda/bin")))
                .map(folder -> folder.resolve(tool))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /// Another item under a tool; what both print.
    private static String run(CheckContext context, List<String> tool, String item) throws IOException {
        Path printed = context.work().resolve(item + ".txt");
        List<String> command = new ArrayList<>(tool);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                GpuCheckMain.class.getName(),
                "--item",
                item,
                "--models",
                context.models().toString(),
                "--out",
                context.work().toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        Process process = builder.start();
        try {
            if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                context.log().note(tool.getFirst() + " took more than " + LIMIT.toSeconds() + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        return Files.readString(printed, StandardCharsets.UTF_8);
    }
}
