package dev.quantreel.engines.runtime.cuda.simulator;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/// The shared library of the host simulator, in the shape of the CUDA driver, with all kernels of
/// `engines/src/main/cuda` and of `engines/src/test/cuda` compiled into it by the host's C++ compiler.
///
/// It is built when first asked for; what did not change since the last build is kept
/// (`engines/target/host-simulator`).
public final class SimulatorLibrary {

    private static final Path SOURCES = Path.of("engines", "src", "main", "cuda");

    private SimulatorLibrary() {}

    /// Path to give to `CudaDriver.open`.
    ///
    /// @throws TestAbortedException where no C++ compiler is installed: the test is skipped with that message
    /// @throws AssertionError with the compiler's messages, when a source does not compile
    public static Path path() {
        return Built.LIBRARY;
    }

    /// The environment of a process that is to see this simulator as its driver, for tests that start one.
    public static Map<String, String> environment() {
        return Map.of("LD_LIBRARY_PATH", path().resolveSibling("").toString());
    }

    /// Root of the checkout, found from the module that runs the test.
    public static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null && !Files.isRegularFile(folder.resolve(SOURCES).resolve("ptx.cuh"))) {
            folder = folder.getParent();
        }
        if (folder == null) {
            throw new AssertionError("no folder above " + Path.of("").toAbsolutePath() + " has " + SOURCES);
        }
        return folder;
    }

    /// The C++ compiler's name: `CXX`, or `g++`.
    static String compiler() {
        String named = System.getenv("CXX");
        return named == null || named.isBlank() ? "g++" : named;
    }

    private static final class Built {

        private static final Path LIBRARY = build();

        private static Path build() {
            if (run(List.of(compiler(), "--version")) == null) {
                throw new TestAbortedException("the host simulator needs a C++ compiler: " + compiler()
                        + " cannot be run (install g++, or name another by CXX)");
            }
            Path root = root();
            Path out = root.resolve("engines").resolve("target").resolve("host-simulator");
            List<String> command = new ArrayList<>(List.of("bash"));
            command.add(
                    root.resolve(SOURCES).resolve("host").resolve("build.sh").toString());
            command.add(out.toString());
            command.add(root.resolve("engines")
                    .resolve("src")
                    .resolve("test")
                    .resolve("cuda")
                    .toString());
            String output = run(command);
            if (output != null && output.startsWith(FAILED)) {
                throw new AssertionError("the host simulator does not compile:\n" + output.substring(FAILED.length()));
            }
            return out.resolve("libcuda_sim.so");
        }
    }

    private static final String FAILED = "failed: ";

    /// Output of a command, with [#FAILED] before it when it ended with an error; null when it cannot be started.
    private static @Nullable String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() == 0 ? output : FAILED + output;
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UncheckedIOException(new IOException("interrupted while the host simulator was built", e));
        }
    }
}
