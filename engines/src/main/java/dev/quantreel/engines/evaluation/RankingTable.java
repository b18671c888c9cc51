package dev.quantreel.engines.evaluation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// Methods of one setting, `W4A8` and so on, ranked by their teacher-forced error, as a Markdown table: what they gain
// on
/// DVD-Quant, and what they cost.
public final class RankingTable {

    /// What the others are measured against.
    static final String BASELINE = "DVD-Quant";

    private static final List<String> SETTINGS = List.of("W4A8", "W4A4", "W3A6");

    private RankingTable() {}

    /// @param rows those whose name ends with a setting take part
    public static String markdown(List<Row> rows) {
        List<List<String>> lines = new ArrayList<>();
        for (String setting : SETTINGS) {
            List<Row> own = rows.stream()
                    .filter(row -> row.method().endsWith(" " + setting)
                            && !row.method().startsWith("TeaCache"))
                    .sorted(Comparator.comparingDouble(
                            row -> row.teacherForced().mean()))
                    .toList();
            double baseline = own.stream()
                    .filter(row -> row.method().equals(BASELINE + " " + setting))
                    .mapToDouble(row -> row.teacherForced().mean())
                    .findFirst()
                    .orElse(Double.NaN);
            own.forEach(row -> lines.add(line(row, setting, baseline)));
        }
        return MarkdownTable.of(
                List.of("setting", "method", "tf rel-L2", "against " + BASELINE, "PSNR dB", "weight MB", "quantize s"),
                lines);
    }

    private static List<String> line(Row row, String setting, double baseline) {
        double gain = row.teacherForced().mean() / baseline - 1;
        return List.of(
                setting,
                row.method().substring(0, row.method().length() - setting.length() - 1),
                format("%.4f", row.teacherForced().mean()),
                format("%+.0f %%", 100 * gain),
                format("%.1f", row.psnr().mean()),
                format("%.2f", row.weightBytes() / 1e6),
                format("%.1f", row.quantizationSeconds()));
    }

    private static String format(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }
}
