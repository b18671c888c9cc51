package dev.quantreel.engines.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Renders rows as a Markdown table that also reads well on a terminal. Speed is a ratio to the first row in the same
// run.
public final class ComparisonTable {

    private static final List<String> HEADERS = List.of(
            "method",
            "A bits",
            "tf rel-L2",
            "final rel-L2",
            "PSNR dB",
            "SSIM",
            "caption",
            "passes",
            "s/step",
            "speed",
            "weight MB",
            "ratio");

    private ComparisonTable() {}

    /// @param rows the first is full precision
    public static String markdown(List<Row> rows) {
        List<List<String>> cells = new ArrayList<>();
        for (Row row : rows) {
            cells.add(cells(row, rows.getFirst()));
        }
        return MarkdownTable.of(HEADERS, cells);
    }

    private static List<String> cells(Row row, Row reference) {
        return List.of(
                row.method(),
                format("%.2f", row.activationBits().mean()),
                spread("%.3f", row.teacherForced()),
                spread("%.3f", row.finalLatent()),
                spread("%.1f", row.psnr()),
                spread("%.3f", row.ssim()),
                format("%.2f", row.captionRate().mean()),
                format("%.1f", row.trunkPasses().mean()),
                format("%.4f", row.bestSecondsPerStep()),
                format("%.2fx", reference.bestSecondsPerStep() / row.bestSecondsPerStep()),
                format("%.2f", row.weightBytes() / 1e6),
                format("%.2fx", row.weightRatio()));
    }

    private static String spread(String pattern, Row.Spread spread) {
        return format(pattern, spread.mean()) + " ±" + format(pattern, spread.std());
    }

    private static String format(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }
}
