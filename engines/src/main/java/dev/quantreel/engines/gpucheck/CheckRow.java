package dev.quantreel.engines.gpucheck;

import java.util.List;
import java.util.Optional;

/// One line of the table.
///
/// @param item id of the item
/// @param claim id of the claim within it
/// @param subject what exactly, for example a shape; may be empty
/// @param measured figures with units; empty where nothing was measured
/// @param beside the baseline or bound that it stands beside; may be empty
/// @param reason why it failed or was skipped; empty where it is fine
public record CheckRow(
        String item, String claim, String subject, String measured, String beside, Outcome outcome, String reason) {

    private static final String MARK = "@row";
    private static final int FIELDS = 8;

    /// As a line that a child prints.
    String line() {
        return String.join(
                "\t",
                List.of(
                        MARK,
                        item,
                        claim,
                        plain(subject),
                        plain(measured),
                        plain(beside),
                        outcome.name(),
                        plain(reason)));
    }

    private static String plain(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }

    /// The row that a line is, if it is one.
    static Optional<CheckRow> parse(String line) {
        String[] fields = line.split("\t", -1);
        return fields.length == FIELDS && fields[0].equals(MARK)
                ? Optional.of(new CheckRow(
                        fields[1], fields[2], fields[3], fields[4], fields[5], Outcome.valueOf(fields[6]), fields[7]))
                : Optional.empty();
    }
}
