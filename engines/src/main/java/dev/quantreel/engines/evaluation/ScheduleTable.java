package dev.quantreel.engines.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// Bit schedules and step caches as a Markdown table: within a group every line is tested against the first on the same
/// prompts and noises ([PairedTest]).
public final class ScheduleTable {

    private static final List<String> HEADERS = List.of(
            "group",
            "method",
            "A bits",
            "passes",
            "tf rel-L2",
            "tf less the first's",
            "final rel-L2",
            "final less the first's",
            "PSNR dB",
            "PSNR less the first's",
            "ms/step");

    private ScheduleTable() {}

    /// @param rows as [ScheduleBenchmark#run] tells them
    public static String markdown(List<Row> rows) {
        List<List<String>> lines = new ArrayList<>();
        for (String group : ScheduleBenchmark.GROUPS) {
            List<Row> own =
                    rows.stream().filter(row -> row.setting().equals(group)).toList();
            own.forEach(row -> lines.add(line(row, own.getFirst())));
        }
        return MarkdownTable.of(2, HEADERS, lines);
    }

    private static List<String> line(Row row, Row first) {
        return List.of(
                row.setting(),
                row.method(),
                format("%.2f", row.activationBits().mean()),
                format("%.1f", row.trunkPasses().mean()),
                spread("%.4f", row.teacherForced()),
                difference("%+.4f", row, first, Measurement::teacherForced),
                spread("%.3f", row.finalLatent()),
                difference("%+.3f", row, first, Measurement::finalLatent),
                spread("%.1f", row.psnr()),
                difference("%+.1f", row, first, Measurement::psnr),
                format("%.1f", 1e3 * row.bestSecondsPerStep()));
    }

    private static String difference(String pattern, Row row, Row first, ToDoubleFunction<Measurement> figure) {
        if (row == first || row.measurements().size() < 2) {
            return "";
        }
        PairedTest test = PairedTest.of(values(row, figure), values(first, figure));
        return format(pattern, test.meanDifference()) + " ±"
                + format(pattern.replace("+", ""), test.standardError()) + " (p " + format("%.3f", test.probability())
                + (test.isSignificant() ? "*)" : ")");
    }

    private static List<Double> values(Row row, ToDoubleFunction<Measurement> figure) {
        return row.measurements().stream().map(figure::applyAsDouble).toList();
    }

    private static String spread(String pattern, Row.Spread spread) {
        return format(pattern, spread.mean()) + " ±" + format(pattern, spread.std());
    }

    private static String format(String pattern, double value) {
        return String.format(Locale.ROOT, pattern, value);
    }
}
