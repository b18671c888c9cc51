package dev.quantreel.nodes.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// This program once more, with the same virtual machine and options, so that what it measures of memory is its
/// own.
final class ChildProcess {

    private ChildProcess() {}

    /// Runs a benchmark with other arguments.
    ///
    /// @param benchmark its name
    /// @return lines of its output
    /// @throws IOException when it cannot be started or fails
    static List<String> run(String benchmark, List<String> arguments) throws IOException, InterruptedException {
        String program = System.getProperty("sun.java.command", "").split(" ", 2)[0];
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of(program, "bench", benchmark));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // Not as an argument: ONNX Runtime 1.29 crashes in a process whose command line exceeds 4096 bytes.
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        Process process = builder.start();
        Thread hook = new Thread(process::destroy);
        Runtime.getRuntime().addShutdownHook(hook);
        List<String> lines = new ArrayList<>();
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                lines.add(line);
            }
        }
        int code = process.waitFor();
        Runtime.getRuntime().removeShutdownHook(hook);
        if (code != 0) {
            throw new IOException("the measuring process ended with " + code
                    + (code == 137 ? ": the system ended it, most likely for lack of memory" : ""));
        }
        return lines;
    }
}
