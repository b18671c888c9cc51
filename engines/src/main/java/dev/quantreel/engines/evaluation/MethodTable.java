package dev.quantreel.engines.evaluation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// Methods ranked by their teacher-forced error in every setting, as a Markdown table: what they gain on DVD-Quant, and
/// what they cost.
public final class MethodTable {

    private static final List<String> HEADERS = List.of(
            "setting",
            "method",
            "A bits",
            "tf rel-L2",
            "against " + DemoMethods.BASELINE,
            "final rel-L2",
            "PSNR dB",
            "weight MB",
            "smaller",
            "quantize s",
            "ms/step");

    private MethodTable() {}

    /// @param rows as [DemoBenchmark#run] tells them, in any order
    public static String markdown(List<Row> rows) {
        List<List<String>> lines = new ArrayList<>();
        of("", rows).forEach(row -> lines.add(line(row, OptionalDouble.empty())));
        for (Setting setting : Setting.ALL) {
            List<Row> own = of(setting.name(), rows);
            OptionalDouble baseline = own.stream()
                    .filter(row -> row.method().equals(DemoMethods.BASELINE))
                    .mapToDouble(row -> row.teacherForced().mean())
                    .findFirst();
            own.forEach(row -> lines.add(line(row, baseline)));
        }
        return MarkdownTable.of(2, HEADERS, lines);
    }

    private static List<Row> of(String setting, List<Row> rows) {
        return rows.stream()
                .filter(row -> row.setting().equals(setting))
                .sorted(Comparator.comparingDouble(row -> row.teacherForced().mean()))
                .toList();
    }

    private static List<String> line(Row row, OptionalDouble baseline) {
        double forced = row.teacherForced().mean();
        return List.of(
                row.setting(),
                row.method(),
                format("%.2f", row.activationBits().mean()),
                format("%.4f", forced) + " ±"
                        + format("%.4f", row.teacherForced().std()),
                baseline.isPresent() ? format("%+.0f %%", 100 * (forced / baseline.getAsDouble() - 1)) : "",
                format("%.3f", row.finalLatent().mean()),
                format("%.1f", row.psnr().mean()),
                format("%.2f", row.weightBytes() / 1e6),
                format("%.2fx", row.weightRatio()),
                format("%.1f", row.quantizationSeconds()),
                format("%.1f", 1e3 * row.bestSecondsPerStep()));
    }

    private static String format(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }
}
