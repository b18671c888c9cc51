package dev.quantreel.engines.evaluation;

import java.util.ArrayList;
import java.util.List;

/// A table in Markdown whose columns also line up on a terminal.
final class MarkdownTable {

    private MarkdownTable() {}

    /// @param words first columns that hold words and begin at the left; the others hold numbers and end at the right
    static String of(int words, List<String> headers, List<List<String>> lines) {
        List<List<String>> cells = new ArrayList<>();
        cells.add(headers);
        cells.addAll(lines);
        int[] widths = new int[headers.size()];
        for (List<String> line : cells) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        }
        StringBuilder table = new StringBuilder();
        for (int line = 0; line < cells.size(); line++) {
            append(table, cells.get(line), widths, words);
            if (line == 0) {
                for (int i = 0; i < widths.length; i++) {
                    table.append(i < words ? "|:" : "|-")
                            .append("-".repeat(widths[i]))
                            .append(i < words ? "-" : ":");
                }
                table.append("|\n");
            }
        }
        return table.toString();
    }

    private static void append(StringBuilder table, List<String> line, int[] widths, int words) {
        for (int i = 0; i < widths.length; i++) {
            String padding = " ".repeat(widths[i] - line.get(i).length());
            table.append("| ")
                    .append(i < words ? line.get(i) + padding : padding + line.get(i))
                    .append(' ');
        }
        table.append("|\n");
    }
}
