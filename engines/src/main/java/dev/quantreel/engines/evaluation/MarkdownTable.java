package dev.quantreel.engines.evaluation;

import java.util.ArrayList;
import java.util.List;

/// A table in Markdown whose columns also line up on a terminal.
final class MarkdownTable {

    private MarkdownTable() {}

    static String of(List<String> headers, List<List<String>> lines) {
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
            append(table, cells.get(line), widths);
            if (line == 0) {
                for (int i = 0; i < widths.length; i++) {
                    table.append(i == 0 ? "|:" : "|-")
                            .append("-".repeat(widths[i]))
                            .append(i == 0 ? "-" : ":");
                }
                table.append("|\n");
            }
        }
        return table.toString();
    }

    private static void append(StringBuilder table, List<String> line, int[] widths) {
        for (int i = 0; i < widths.length; i++) {
            String padding = " ".repeat(widths[i] - line.get(i).length());
            table.append("| ")
                    .append(i == 0 ? line.get(i) + padding : padding + line.get(i))
                    .append(' ');
        }
        table.append("|\n");
    }
}
