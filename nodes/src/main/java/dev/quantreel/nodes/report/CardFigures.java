package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.video.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/// What a report card has: every method on every prompt and seed, with mean and standard deviation.
///
/// @param title of the card
/// @param settings of the sampler, in words
/// @param rows one for each method
record CardFigures(String title, String settings, List<Row> rows) {

    private static final double GIB = 1L << 30;

    CardFigures {
        rows = List.copyOf(rows);
    }

    /// @param precision of the model, `W4A8`
    /// @param scenes one for each prompt and seed, the same for all methods
    record Row(String method, String precision, List<Scene> scenes) {
        Row {
            scenes = List.copyOf(scenes);
        }
    }

    /// One generation.
    record Scene(String prompt, long seed, Figures figures) {}

    /// Which figures of a column are good.
    private enum Better {
        LARGER,
        SMALLER,
        /// A ratio to the reference's.
        NEAR_ONE
    }

    /// The columns.
    enum Column {
        PSNR("PSNR dB", "psnrDb", 2, Better.LARGER, figures -> figures.clip().psnr()),
        SSIM("SSIM", "ssim", 4, Better.LARGER, figures -> figures.clip().ssim()),
        FLICKER("flicker Δ", "flickerDelta", 5, Better.SMALLER, figures -> figures.clip()
                .flickerDelta()),
        TMD("TMD-KL", "temporalDivergence", 7, Better.SMALLER, figures -> figures.clip()
                .temporalDivergence()),
        NOISE("HF ratio", "highFrequencyRatio", 2, Better.NEAR_ONE, figures -> figures.clip()
                .highFrequencyRatio()),
        GMSD("GMSD", "gmsd", 4, Better.SMALLER, figures -> figures.clip().gradientDeviation()),
        COLOUR("colour", "colourDistance", 4, Better.SMALLER, figures -> figures.clip()
                .colourDistance()),
        TEACHER_FORCED("tf rel-L2", "teacherForced", 4, Better.SMALLER, figures -> figures.errors()
                .meanTeacherForced()),
        FINAL("final rel-L2", "finalLatent", 3, Better.SMALLER, figures -> figures.errors()
                .finalLatent()),
        ACTIVATION_BITS("A bits", "activationBits", 2, Better.SMALLER, figures -> figures.cost()
                .activationBits()),
        WEIGHT_BITS("eff. W bits", "weightBits", 2, Better.SMALLER, figures -> figures.cost()
                .weightBits()),
        MEMORY("GiB", "weightGib", 4, Better.SMALLER, figures -> figures.cost().weightBytes() / GIB),
        SECONDS("s/step", "secondsPerStep", 4, Better.SMALLER, figures -> figures.cost()
                .secondsPerStep());

        private final String label;
        private final String key;
        private final int decimals;
        private final Better better;
        private final ToDoubleFunction<Figures> value;

        Column(String label, String key, int decimals, Better better, ToDoubleFunction<Figures> value) {
            this.label = label;
            this.key = key;
            this.decimals = decimals;
            this.better = better;
            this.value = value;
        }

        String label() {
            return label;
        }

        /// How far a figure is from the best one; less is better.
        double distance(double figure) {
            return switch (better) {
                case LARGER -> -figure;
                case SMALLER -> figure;
                case NEAR_ONE -> Math.abs(figure - 1);
            };
        }

        Spread spread(Row row) {
            return Spread.of(row.scenes().stream()
                    .mapToDouble(scene -> value.applyAsDouble(scene.figures()))
                    .toArray());
        }

        String shown(double number) {
            return Double.isNaN(number) ? "-" : String.format(Locale.ROOT, "%." + decimals + "f", number);
        }
    }

    /// @param std sample standard deviation; 0 for one value
    record Spread(double mean, double std) {
        static Spread of(double... values) {
            double mean = 0;
            for (double value : values) {
                mean += value / values.length;
            }
            double squares = 0;
            for (double value : values) {
                squares += (value - mean) * (value - mean);
            }
            return new Spread(mean, values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)));
        }
    }

    /// Mean over the scenes of a curve over the steps, in percent.
    List<CurveChart.Curve> curves(Function<Figures.Errors, List<Double>> curve) {
        return rows.stream()
                .map(row -> new CurveChart.Curve(row.method(), meanCurve(row, curve)))
                .toList();
    }

    private static List<Double> meanCurve(Row row, Function<Figures.Errors, List<Double>> curve) {
        List<List<Double>> all = row.scenes().stream()
                .map(scene -> curve.apply(scene.figures().errors()))
                .toList();
        return IntStream.range(0, all.getFirst().size())
                .mapToObj(step -> all.stream()
                        .mapToDouble(values -> 100 * values.get(step))
                        .average()
                        .orElse(Double.NaN))
                .toList();
    }

    String text() {
        List<String> headers = new ArrayList<>(List.of("method"));
        for (Column column : Column.values()) {
            headers.add(column.label());
        }
        TextTable table = new TextTable(headers.toArray(String[]::new));
        for (Row row : rows) {
            List<String> cells = new ArrayList<>(List.of(row.method()));
            for (Column column : Column.values()) {
                Spread spread = column.spread(row);
                cells.add(column.shown(spread.mean()) + " ±" + column.shown(spread.std()));
            }
            table.row(cells.toArray(String[]::new));
        }
        return title + "\n" + settings + "\n" + table;
    }

    /// One line for each method: mean and standard deviation of every column.
    String csv() {
        StringBuilder csv = new StringBuilder("method,precision,generations");
        for (Column column : Column.values()) {
            csv.append(',')
                    .append(column.key)
                    .append("_mean,")
                    .append(column.key)
                    .append("_std");
        }
        for (Row row : rows) {
            csv.append("\n\"")
                    .append(row.method().replace("\"", "\"\""))
                    .append("\",")
                    .append(row.precision())
                    .append(',')
                    .append(row.scenes().size());
            for (Column column : Column.values()) {
                Spread spread = column.spread(row);
                csv.append(',').append(plain(spread.mean())).append(',').append(plain(spread.std()));
            }
        }
        return csv.append('\n').toString();
    }

    private static String plain(double value) {
        return Double.isNaN(value) ? "" : Double.toString(value);
    }

    ObjectNode json() {
        ObjectNode root =
                JsonNodeFactory.instance.objectNode().put("title", title).put("settings", settings);
        ArrayNode methods = root.putArray("methods");
        for (Row row : rows) {
            ObjectNode method = methods.addObject().put("method", row.method()).put("precision", row.precision());
            for (Column column : Column.values()) {
                Spread spread = column.spread(row);
                if (!Double.isNaN(spread.mean())) {
                    method.putObject(column.key).put("mean", spread.mean()).put("std", spread.std());
                }
            }
            ArrayNode scenes = method.putArray("generations");
            for (Scene scene : row.scenes()) {
                scenes.addObject()
                        .put("prompt", scene.prompt())
                        .put("seed", scene.seed())
                        .set("figures", new ObjectMapper().valueToTree(scene.figures()));
            }
        }
        return root;
    }
}
