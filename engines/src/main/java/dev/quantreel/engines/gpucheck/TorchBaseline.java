package dev.quantreel.engines.gpucheck;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;

/// PyTorch of the machine, through `baseline.py`, which needs nothing but it.
///
/// @param python the interpreter, for example `python3`
/// @param script the helper
/// @param log file for what it prints
public record TorchBaseline(String python, Path script, Path log) {

    /// Runs one measurement.
    ///
    /// @param arguments what is measured, see `baseline.py`
    /// @return figures by name, those before a failure included
    /// @throws IOException when it cannot run, fails or takes too long; says why
    public Map<String, Double> measure(Duration limit, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(python, script.toString()));
        command.addAll(arguments);
        Path printed = Files.createTempFile(log.toAbsolutePath().getParent(), "baseline", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
        try {
            boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
            String text = Files.readString(printed, StandardCharsets.UTF_8);
            Files.writeString(
                    log, text, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND);
            if (!ended) {
                throw new IOException("PyTorch took more than " + limit.toSeconds() + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException(lastLine(text));
            }
            return figures(text);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted");
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            Files.deleteIfExists(printed);
        }
    }

    private static String lastLine(String text) {
        List<String> lines = text.strip().lines().toList();
        return lines.isEmpty() ? "python3 printed nothing" : lines.getLast();
    }

    /// Lines `name=value`; all others are for people.
    static Map<String, Double> figures(String text) {
        Map<String, Double> figures = new LinkedHashMap<>();
        text.lines()
                .filter(line -> line.matches("[\\w.]+=[-+.\\deE]+"))
                .forEach(line -> figures.put(
                        line.substring(0, line.indexOf('=')), Double.valueOf(line.substring(line.indexOf('=') + 1))));
        return figures;
    }
}
