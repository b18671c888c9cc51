package dev.quantreel.engines.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What this machine, or the container around this process, can give.
///
/// @param budgetBytes most that this process may come to, what it has already included
/// @param reason where the figure comes from, for messages
public record MachineMemory(long budgetBytes, String reason) {

    /// System property with a budget as [#parse] reads it; overrides what the system says.
    public static final String PROPERTY = "quantreel.memory";

    private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,3})?)\\s*([kKmMgGtT]?)[bB]?");
    private static final Path MEMORY = Path.of("/proc/meminfo");
    private static final Path GROUP = Path.of("/sys/fs/cgroup");

    /// Asks the system: the smaller of what is free (page cache included, and with it the pages of mapped files) plus
    /// what this process has beside them, and what the control group allows. Without an answer nothing is limited.
    public static MachineMemory now() {
        String set = System.getProperty(PROPERTY, "");
        if (!set.isBlank()) {
            return new MachineMemory(parse(set), "the budget that was set");
        }
        long resident = ResidentMemory.now().anonymousBytes();
        OptionalLong free = line(MEMORY, "MemAvailable:");
        OptionalLong limit = number(GROUP.resolve("memory.max"));
        long machine = free.isPresent() ? free.getAsLong() + resident : Long.MAX_VALUE;
        if (limit.isPresent() && limit.getAsLong() < machine) {
            return new MachineMemory(limit.getAsLong(), "the limit of the container");
        }
        return new MachineMemory(machine, "free memory of this machine");
    }

    /// What this process may still take: the budget less what it has and cannot give back.
    public long leftBytes() {
        return Math.max(0, budgetBytes - ResidentMemory.now().anonymousBytes());
    }

    /// `12g`, `3.5 GB`, `800m`, or a number of bytes; units are decimal.
    ///
    /// @throws IllegalArgumentException when it is none of these
    public static long parse(String text) {
        Matcher size = SIZE.matcher(text.strip());
        if (!size.matches()) {
            throw new IllegalArgumentException("memory is '" + text + "'; accepted are sizes such as 12g or 800m");
        }
        double unit =
                switch (size.group(2).toLowerCase(Locale.ROOT)) {
                    case "k" -> 1e3;
                    case "m" -> 1e6;
                    case "g" -> 1e9;
                    case "t" -> 1e12;
                    default -> 1;
                };
        return (long) (Double.parseDouble(size.group(1)) * unit);
    }

    private static OptionalLong line(Path file, String key) {
        try {
            List<String> lines = Files.readAllLines(file);
            return lines.stream()
                    .filter(line -> line.startsWith(key))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static OptionalLong number(Path file) {
        try {
            String text = Files.readString(file).strip();
            return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
