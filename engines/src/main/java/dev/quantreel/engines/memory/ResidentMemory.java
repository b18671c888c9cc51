package dev.quantreel.engines.memory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// Physical memory of this process as the kernel counts it: heap, native memory, and pages of mapped files. 0 where
/// the
/// system does not tell (only Linux does).
///
/// @param nowBytes resident now (VmRSS)
/// @param peakBytes most that ever was (VmHWM)
/// @param anonymousBytes of `nowBytes`, what is no page of a file
public record ResidentMemory(long nowBytes, long peakBytes, long anonymousBytes) {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path CLEAR = Path.of("/proc/self/clear_refs");

    /// Reads the kernel's counters.
    public static ResidentMemory now() {
        try {
            return parse(Files.readAllLines(STATUS, StandardCharsets.UTF_8));
        } catch (IOException | UncheckedIOException e) {
            return new ResidentMemory(0, 0, 0);
        }
    }

    /// Lines as `VmHWM:	  123456 kB`.
    static ResidentMemory parse(List<String> status) {
        return new ResidentMemory(bytes(status, "VmRSS:"), bytes(status, "VmHWM:"), bytes(status, "RssAnon:"));
    }

    private static long bytes(List<String> status, String key) {
        return status.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.replaceAll("\\D", ""))
                .filter(digits -> !digits.isEmpty())
                .mapToLong(digits -> 1024 * Long.parseLong(digits))
                .findFirst()
                .orElse(0);
    }

    /// Sets the peak to what is resident now, so that a phase of work can be measured alone.
    ///
    /// @return whether the system lets it
    public static boolean resetPeak() {
        try {
            Files.writeString(CLEAR, "5");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /// `peak resident memory 812 MB`.
    public String describe() {
        return peakBytes == 0
                ? "resident memory unknown on this system"
                : String.format(Locale.ROOT, "peak resident memory %.0f MB", peakBytes / 1e6);
    }
}
