package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.nodes.video.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What a sweep has found so far, as table, CSV, JSON and plot. Not thread-safe.
final class SweepTable {

    private static final double MEGA = 1e6;

    private final String title;
    private final Sweep.Drawn drawn;
    private final List<Row> rows = new ArrayList<>();

    /// @param drawn the error of the plot
    SweepTable(String title, Sweep.Drawn drawn) {
        this.title = title;
        this.drawn = drawn;
    }

    /// @param changes what was varied
    /// @param figures empty where the point could not be measured
    /// @param problem why not
    private record Row(
            String label, List<Upstream.Change> changes, Optional<Figures> figures, Optional<String> problem) {}

    void measured(String label, List<Upstream.Change> changes, Figures figures) {
        rows.add(new Row(label, changes, Optional.of(figures), Optional.empty()));
    }

    void failed(String label, List<Upstream.Change> changes, String problem) {
        rows.add(new Row(label, changes, Optional.empty(), Optional.of(problem)));
    }

    /// The first problem, where nothing could be measured.
    Optional<String> totalFailure() {
        boolean some = rows.stream().anyMatch(row -> row.figures().isPresent());
        return some
                ? Optional.empty()
                : rows.stream().flatMap(row -> row.problem().stream()).findFirst();
    }

    ParetoChart chart() {
        String varied = rows.stream()
                .findFirst()
                .map(row -> row.changes().stream().map(Upstream.Change::input).collect(Collectors.joining(" / ")))
                .orElse("");
        return new ParetoChart(new ParetoChart.Names(title, drawn + " error, %", varied), points());
    }

    private List<ParetoChart.Point> points() {
        return rows.stream().flatMap(row -> point(row).stream()).toList();
    }

    private Optional<ParetoChart.Point> point(Row row) {
        return row.figures()
                .map(figures -> new ParetoChart.Point(
                        row.changes().isEmpty()
                                ? row.label()
                                : row.changes().stream()
                                        .map(Upstream.Change::value)
                                        .collect(Collectors.joining(" / ")),
                        100 * drawn.of(figures.errors()),
                        figures.cost().weightBytes() / MEGA,
                        figures.cost().secondsPerStep()))
                .filter(point -> Double.isFinite(point.error()) && Double.isFinite(point.seconds()));
    }

    String text() {
        List<ParetoChart.Point> points = points();
        TextTable table = new TextTable(
                "best", "tf err %", "final %", "PSNR", "SSIM", "A bits", "W bits", "MB", "s/step", "point");
        for (Row row : rows) {
            if (row.figures().isEmpty()) {
                table.row("", "failed", "", "", "", "", "", "", "", row.label());
                continue;
            }
            Figures figures = row.figures().get();
            boolean best = point(row)
                    .filter(point -> ParetoChart.isBest(point, points))
                    .isPresent();
            table.row(
                    best ? "*" : "",
                    number("%.2f", 100 * figures.errors().meanTeacherForced()),
                    number("%.2f", 100 * figures.errors().finalLatent()),
                    number("%.2f", figures.clip().fidelity().psnr()),
                    number("%.3f", figures.clip().fidelity().ssim()),
                    number("%.2f", figures.cost().activationBits()),
                    number("%.2f", figures.cost().weightBits()),
                    number("%.2f", figures.cost().weightBytes() / MEGA),
                    number("%.4f", figures.cost().secondsPerStep()),
                    row.label());
        }
        StringBuilder text = new StringBuilder(title).append('\n').append(table);
        for (Row row : rows) {
            row.problem()
                    .ifPresent(problem ->
                            text.append('\n').append(row.label()).append(": ").append(problem));
        }
        return text.toString();
    }

    private static String number(String pattern, double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, pattern, value);
    }

    /// One line a point after the header; text with quotation marks doubled, as RFC 4180 says.
    String csv() {
        StringBuilder csv = new StringBuilder("point");
        for (Figure figure : Figure.ALL) {
            csv.append(',').append(figure.name());
        }
        csv.append(",problem\n");
        for (Row row : rows) {
            csv.append(quoted(row.label()));
            for (Figure figure : Figure.ALL) {
                double value = row.figures().map(figure.value()).orElse(Double.NaN);
                csv.append(',').append(Double.isNaN(value) ? "" : plain(value));
            }
            csv.append(',')
                    .append(row.problem().map(SweepTable::quoted).orElse(""))
                    .append('\n');
        }
        return csv.toString();
    }

    /// A column of the CSV file.
    private record Figure(String name, Function<Figures, Double> value) {

        static final List<Figure> ALL = List.of(
                new Figure("teacher_forced", figures -> figures.errors().meanTeacherForced()),
                new Figure("teacher_forced_l1", figures -> figures.errors().meanTeacherForcedL1()),
                new Figure("teacher_forced_cosine", figures -> figures.errors().meanTeacherForcedCosine()),
                new Figure("final_latent", figures -> figures.errors().finalLatent()),
                new Figure("latent_std_ratio", figures -> figures.latents().finalStdRatio()),
                new Figure("psnr_db", figures -> figures.clip().fidelity().psnr()),
                new Figure(
                        "psnr_of_clip_db", figures -> figures.clip().fidelity().psnrOfClip()),
                new Figure("ms_ssim", figures -> figures.clip().fidelity().multiScaleSsim()),
                new Figure("ssim", figures -> figures.clip().fidelity().ssim()),
                new Figure(
                        "feature_distance", figures -> figures.clip().fidelity().featureDistance()),
                new Figure("gmsd", figures -> figures.clip().fidelity().gradientDeviation()),
                new Figure("lab_distance", figures -> figures.clip().fidelity().labDistance()),
                new Figure(
                        "frame_difference_psnr_db",
                        figures -> figures.clip().time().frameDifferencePsnr()),
                new Figure("flicker_delta", figures -> figures.clip().time().flickerDelta()),
                new Figure(
                        "temporal_divergence", figures -> figures.clip().time().temporalDivergence()),
                new Figure("consistency_delta", figures -> figures.clip().time().consistencyDelta()),
                new Figure("flow_delta", figures -> figures.clip().time().flowDelta()),
                new Figure("warping_ratio", figures -> figures.clip().time().warpingRatio()),
                new Figure(
                        "high_frequency_ratio",
                        figures -> figures.clip().collapse().highFrequencyRatio()),
                new Figure(
                        "spectrum_slope_delta",
                        figures -> figures.clip().collapse().spectrumSlopeDelta()),
                new Figure(
                        "colour_distance", figures -> figures.clip().collapse().colourDistance()),
                new Figure("not_finite", figures -> (double) (figures.latents().notFinite()
                        + figures.clip().collapse().notFinite())),
                new Figure("activation_bits", figures -> figures.cost().activationBits()),
                new Figure("weight_bits", figures -> figures.cost().weightBits()),
                new Figure("weight_bytes", figures -> (double) figures.cost().weightBytes()),
                new Figure("seconds_per_step", figures -> figures.cost().secondsPerStep()),
                new Figure("passes", figures -> (double) figures.cost().passes()));
    }

    private static String plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\"", "\"\"") + "\"";
    }

    ObjectNode json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode().put("title", title);
        ArrayNode array = root.putArray("points");
        List<ParetoChart.Point> points = points();
        for (Row row : rows) {
            ObjectNode json = array.addObject().put("label", row.label());
            ArrayNode changes = json.putArray("changes");
            row.changes().forEach(change -> changes.addObject()
                    .put("node", change.nodeId())
                    .put("input", change.input())
                    .put("value", change.value()));
            row.figures().ifPresent(figures -> json.set("figures", new ObjectMapper().valueToTree(figures)));
            row.problem().ifPresent(problem -> json.put("problem", problem));
            point(row).ifPresent(point -> json.put("best", ParetoChart.isBest(point, points)));
        }
        return root;
    }
}
