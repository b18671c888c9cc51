package dev.quantreel.engines.runtime.tensorrt;

import java.util.Arrays;
import java.util.Optional;

/// A line that a process of ours beside the server writes to its standard output; native libraries may write others in
/// between.
public sealed interface BuildMessage {

    /// Beginning of every such line.
    String PREFIX = "@quantreel ";

    /// What is being done.
    ///
    /// @param phase in words
    /// @param done steps of it that are behind, of `total`
    record Progress(String phase, int done, int total) implements BuildMessage {}

    /// What the library had to say.
    record Log(Severity severity, String text) implements BuildMessage {}

    /// The end of a process that did what it was asked.
    ///
    /// @param detail for people: a version, a size
    record Done(String detail) implements BuildMessage {}

    /// The end of a process that could not do it.
    record Failed(String reason) implements BuildMessage {}

    /// How bad a message of the library is, worst first.
    enum Severity {
        INTERNAL_ERROR,
        ERROR,
        WARNING,
        INFO,
        VERBOSE
    }

    /// The line without its end.
    default String line() {
        return PREFIX
                + switch (this) {
                    case Progress(String phase, int done, int total) ->
                        "progress " + done + " " + total + " " + oneLine(phase);
                    case Log(Severity severity, String text) -> "log " + severity + " " + oneLine(text);
                    case Done(String detail) -> "done " + oneLine(detail);
                    case Failed(String reason) -> "failed " + oneLine(reason);
                };
    }

    /// The message of a line; empty for lines that are none.
    static Optional<BuildMessage> parse(String line) {
        if (!line.startsWith(PREFIX)) {
            return Optional.empty();
        }
        String[] words = line.substring(PREFIX.length()).split(" ", 2);
        String rest = words.length > 1 ? words[1] : "";
        return switch (words[0]) {
            case "progress" -> progress(rest);
            case "log" -> log(rest);
            case "done" -> Optional.of(new Done(severalLines(rest)));
            case "failed" -> Optional.of(new Failed(severalLines(rest)));
            default -> Optional.empty();
        };
    }

    private static Optional<BuildMessage> progress(String rest) {
        String[] words = rest.split(" ", 3);
        if (words.length < 3 || !words[0].matches("\\d{1,9}") || !words[1].matches("\\d{1,9}")) {
            return Optional.empty();
        }
        return Optional.of(
                new Progress(severalLines(words[2]), Integer.parseInt(words[0]), Integer.parseInt(words[1])));
    }

    private static Optional<BuildMessage> log(String rest) {
        String[] words = rest.split(" ", 2);
        return Arrays.stream(Severity.values())
                .filter(severity -> severity.name().equals(words[0]))
                .map(severity -> (BuildMessage) new Log(severity, severalLines(words.length > 1 ? words[1] : "")))
                .findFirst();
    }

    private static String oneLine(String text) {
        return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r");
    }

    private static String severalLines(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                i++;
                plain.append(
                        switch (text.charAt(i)) {
                            case 'n' -> '\n';
                            case 'r' -> '\r';
                            default -> text.charAt(i);
                        });
            } else {
                plain.append(c);
            }
        }
        return plain.toString();
    }
}
