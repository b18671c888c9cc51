package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Log;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Severity;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A process of ours beside the server, in which a native library may abort, crash or hang without harm. It ends with
/// the server, for it watches its standard input ([ParentWatch]).
///
/// @param mainClass on the class path of this process; writes [BuildMessage]s
/// @param options of its virtual machine
record NativeProcess(String mainClass, List<String> options) {

    /// Between two looks at the clock and at the user's wish.
    private static final long POLL_MILLIS = 50;

    private static final Duration GRACE = Duration.ofSeconds(10);

    /// Lines kept of what it wrote without our prefix.
    private static final int KEPT_LINES = 40;

    NativeProcess {
        options = List.copyOf(options);
    }

    /// A process that may call native libraries, and that leaves no more than a report behind when it crashes.
    ///
    /// @param heap of its virtual machine, as `-Xmx` takes it
    static NativeProcess of(Class<?> mainClass, String heap) {
        return new NativeProcess(
                mainClass.getName(),
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-Xmx" + heap,
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=" + Path.of(System.getProperty("java.io.tmpdir"), "quantreel-tensorrt-%p.log")));
    }

    /// How a process ended.
    ///
    /// @param exitCode as the system tells it; of a signal 128 and its number
    /// @param timedOut whether it was ended for it took too long
    /// @param result what it said last of the outcome
    /// @param errors what the library called errors
    /// @param lines last lines of everything else that it wrote
    record Ending(
            int exitCode, boolean timedOut, Optional<BuildMessage> result, List<String> errors, List<String> lines) {

        boolean isDone() {
            return exitCode == 0
                    && !timedOut
                    && result.filter(BuildMessage.Done.class::isInstance).isPresent();
        }

        /// Why it is not done, for people, ending without a full stop.
        String reason() {
            if (result.orElse(null) instanceof BuildMessage.Failed(String reason)) {
                return reason;
            }
            // The virtual machine ends with 1 after a crash when it writes no core file.
            List<String> crash = told("SIG[A-Z]+ ");
            StringBuilder text = new StringBuilder(crash.isEmpty() ? ended() : "the library crashed");
            errors.stream().limit(3).forEach(error -> text.append("; TensorRT: ")
                    .append(error));
            List<String> rest = crash.isEmpty()
                    ? lines.subList(Math.max(0, lines.size() - 3), lines.size())
                    : List.of(crash.getFirst(), String.join(" ", told("[.]log$")));
            rest.stream().filter(line -> !line.isBlank()).forEach(line -> text.append("; it wrote: ")
                    .append(line));
            return text.toString();
        }

        private String ended() {
            return switch (exitCode) {
                case 134 -> "the library aborted the process";
                case 135, 139 -> "the library crashed";
                case 137 -> "the system ended the process, most likely for lack of memory";
                case 0 -> "the process ended without a result";
                default -> "the process ended with " + exitCode;
            };
        }

        /// Lines of a crash report of the virtual machine.
        private List<String> told(String pattern) {
            Pattern part = Pattern.compile(pattern);
            return lines.stream().filter(line -> part.matcher(line).find()).toList();
        }
    }

    /// Runs it to its end.
    ///
    /// @param arguments of its main method
    /// @param limit after which it is ended
    /// @param listener hears messages as they come, on a thread of its own
    /// @throws CancellationException when cancellation was asked; the process is gone then
    /// @throws IOException when it cannot be started
    Ending run(List<String> arguments, Duration limit, Consumer<BuildMessage> listener, CancellationToken cancellation)
            throws IOException {
        cancellation.throwIfCancelled();
        Process process = start(arguments);
        Output output = new Output(listener);
        Thread reader = Thread.ofVirtual().name("output of " + mainClass).start(() -> output.read(process));
        try (CancellationToken.Registration _ = cancellation.onCancel(process::destroyForcibly)) {
            boolean timedOut = !await(process, limit, cancellation);
            reader.join(GRACE);
            cancellation.throwIfCancelled();
            return output.ending(process.waitFor(), timedOut);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } finally {
            process.destroyForcibly();
        }
    }

    private Process start(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add(mainClass);
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder.start();
    }

    /// Whether it ended by itself, or because of cancellation.
    private static boolean await(Process process, Duration limit, CancellationToken cancellation)
            throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
            if (cancellation.cancelled()) {
                process.destroyForcibly().waitFor();
                return true;
            }
            if (System.nanoTime() > deadline) {
                process.destroyForcibly().waitFor();
                return false;
            }
        }
        return true;
    }

    /// What it wrote.
    private static final class Output {

        private final Consumer<BuildMessage> listener;
        private final Deque<String> lines = new ArrayDeque<>();
        private final List<String> errors = new ArrayList<>();
        private @Nullable BuildMessage result;

        Output(Consumer<BuildMessage> listener) {
            this.listener = listener;
        }

        void read(Process process) {
            try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    accept(line);
                }
            } catch (IOException e) {
                keep("its output broke off: " + e.getMessage());
            }
        }

        private void accept(String line) {
            Optional<BuildMessage> message = BuildMessage.parse(line);
            if (message.isEmpty()) {
                keep(line);
                return;
            }
            synchronized (this) {
                switch (message.get()) {
                    case Log(Severity severity, String text)
                    when severity.compareTo(Severity.ERROR) <= 0 -> errors.add(text);
                    case BuildMessage.Done done -> result = done;
                    case BuildMessage.Failed failed -> result = failed;
                    case Log _, BuildMessage.Progress _ -> {}
                }
            }
            listener.accept(message.get());
        }

        private synchronized void keep(String line) {
            if (line.isBlank()) {
                return;
            }
            if (lines.size() == KEPT_LINES) {
                lines.removeFirst();
            }
            lines.addLast(line);
        }

        synchronized Ending ending(int exitCode, boolean timedOut) {
            return new Ending(exitCode, timedOut, Optional.ofNullable(result), List.copyOf(errors), plain(lines));
        }

        /// Without the frame that the JVM draws around its crash reports.
        private static List<String> plain(Collection<String> lines) {
            return lines.stream()
                    .map(line -> line.replaceFirst("^#\\s*", ""))
                    .filter(line -> !line.isBlank())
                    .toList();
        }
    }
}
