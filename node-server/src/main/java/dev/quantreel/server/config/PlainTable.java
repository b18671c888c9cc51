package dev.quantreel.server.config;

import java.io.PrintWriter;
import java.util.List;

/// Prints columns as wide as their longest cell, left-aligned, two spaces apart.
final class PlainTable {

    private PlainTable() {}

    /// @param rows as many cells as headings each
    static void print(List<String> headings, List<List<String>> rows, PrintWriter out) {
        int[] widths = new int[headings.size()];
        for (int column = 0; column < widths.length; column++) {
            int at = column;
            widths[column] = Math.max(
                    headings.get(column).length(),
                    rows.stream().mapToInt(row -> row.get(at).length()).max().orElse(0));
        }
        out.println(line(headings, widths));
        rows.forEach(row -> out.println(line(row, widths)));
    }

    private static String line(List<String> cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < widths.length; column++) {
            line.append(cells.get(column));
            line.repeat(' ', widths[column] - cells.get(column).length() + 2);
        }
        return line.toString().stripTrailing();
    }
}
