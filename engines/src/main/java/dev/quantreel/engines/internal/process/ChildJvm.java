package dev.quantreel.engines.internal.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A program on this Java, with this class path, in a process of its own that is given so much time.
///
/// @param program its main class
/// @param arguments of the program
/// @param options of the virtual machine, after those that Quantreel always needs
/// @param environment variables beside those of this process
/// @param limit after which the process and what it started are ended
public record ChildJvm(
        Class<?> program,
        List<String> arguments,
        List<String> options,
        Map<String, String> environment,
        Duration limit) {

    /// Properties that the child is given as they are here.
    private static final List<String> INHERITED =
            List.of("onnxruntime.native.path", "java.util.logging.config.file", "java.io.tmpdir", "quantreel.home");

    public ChildJvm {
        arguments = List.copyOf(arguments);
        options = List.copyOf(options);
        environment = Map.copyOf(environment);
    }

    /// How it ended.
    ///
    /// @param exitCode as the system gives it; 128 + n for signal n
    /// @param timedOut whether it was ended for lack of time
    /// @param lines what it printed, both streams together
    public record Ended(int exitCode, boolean timedOut, List<String> lines) {

        /// One line for people: "ended with 134 (SIGABRT) after ...".
        public String describe() {
            String last = lines.isEmpty() ? "it printed nothing" : "its last words: " + lines.getLast();
            if (timedOut) {
                return "was ended for lack of time; " + last;
            }
            String signal =
                    switch (exitCode) {
                        case 132 -> " (SIGILL)";
                        case 134 -> " (SIGABRT)";
                        case 135 -> " (SIGBUS)";
                        case 136 -> " (SIGFPE)";
                        case 137 -> " (SIGKILL, most likely for lack of memory)";
                        case 139 -> " (SIGSEGV)";
                        default -> "";
                    };
            return "ended with " + exitCode + signal + "; " + last;
        }
    }

    /// Runs it to its end.
    ///
    /// @param heard is told every line as it is printed
    /// @throws IOException when it cannot be started
    public Ended run(Consumer<String> heard) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command()).redirectErrorStream(true);
        // Not as an argument: ONNX Runtime recurses over the command line when it starts.
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        Thread hook = new Thread(() -> end(process));
        Runtime.getRuntime().addShutdownHook(hook);
        List<String> lines = new ArrayList<>();
        try {
            process.getOutputStream().close();
            Thread reader = Thread.ofVirtual().start(() -> read(process, lines, heard));
            boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                end(process);
            }
            int code = process.waitFor();
            reader.join();
            return new Ended(code, !ended, List.copyOf(lines));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } finally {
            end(process);
            Runtime.getRuntime().removeShutdownHook(hook);
        }
    }

    private List<String> command() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                // Native memory that the collector frees counts against this, which is the heap's size by default.
                "-XX:MaxDirectMemorySize=1024g",
                "-Djava.awt.headless=true"));
        for (String name : INHERITED) {
            String value = System.getProperty(name);
            if (value != null) {
                command.add("-D" + name + "=" + value);
            }
        }
        command.addAll(options);
        command.add(program.getName());
        command.addAll(arguments);
        return command;
    }

    private static void read(Process process, List<String> lines, Consumer<String> heard) {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
                heard.accept(line);
            }
        } catch (IOException | UncheckedIOException e) {
            lines.add("its output ended: " + e.getMessage());
        }
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
