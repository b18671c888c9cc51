package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.vbench.VBenchDimension;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.VBenchNetworks;
import dev.quantreel.nodes.video.TextTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// What a report card has: every method on every prompt and seed, with mean and standard deviation.
///
/// @param title of the card
/// @param settings of the sampler, in words
/// @param rows one for each method
/// @param absent dimensions of VBench that were not measured, with the networks that they lack
record CardFigures(String title, String settings, List<Row> rows, SequencedMap<VBenchDimension, List<String>> absent) {

    CardFigures {
        rows = List.copyOf(rows);
        absent = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(absent));
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

    /// Those of every card, and a column for each of VBench's learned dimensions that was measured.
    List<CardColumn> columns() {
        Stream<CardColumn> learned = Arrays.stream(VBenchDimension.values())
                .filter(dimension -> rows.stream()
                        .flatMap(row -> row.scenes().stream())
                        .anyMatch(scene -> scene.figures().clip().vbench().containsKey(dimension)))
                .map(CardColumn::of);
        return Stream.concat(CardColumn.ALL.stream(), learned).toList();
    }

    /// Dimensions of VBench that were not measured, with the files that they lack, in words.
    Optional<String> absence() {
        if (absent.isEmpty()) {
            return Optional.empty();
        }
        String dimensions = absent.entrySet().stream()
                .map(entry -> entry.getKey().label() + " ("
                        + (entry.getValue().isEmpty()
                                ? "clips have fewer than " + entry.getKey().leastFrames() + " frames"
                                : String.join(", ", entry.getValue()))
                        + ")")
                .collect(Collectors.joining(", "));
        return Optional.of("Not measured of VBench, for want of networks in the folder " + VBenchNetworks.FOLDER + ": "
                + dimensions + ".");
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

    /// The main columns.
    String text() {
        List<CardColumn> columns = columns().stream().filter(CardColumn::main).toList();
        List<String> headers = new ArrayList<>(List.of("method"));
        for (CardColumn column : columns) {
            headers.add(column.label());
        }
        TextTable table = new TextTable(headers.toArray(String[]::new));
        for (Row row : rows) {
            List<String> cells = new ArrayList<>(List.of(row.method()));
            for (CardColumn column : columns) {
                Spread spread = column.spread(row);
                cells.add(column.shown(spread.mean()) + " ±" + column.shown(spread.std()));
            }
            table.row(cells.toArray(String[]::new));
        }
        return title + "\n" + settings + "\n" + table
                + absence().map(text -> "\n" + text).orElse("");
    }

    /// One line for each method: mean and standard deviation of every column.
    String csv() {
        List<CardColumn> columns = columns();
        StringBuilder csv = new StringBuilder("method,precision,generations");
        for (CardColumn column : columns) {
            csv.append(',')
                    .append(column.key())
                    .append("_mean,")
                    .append(column.key())
                    .append("_std");
        }
        for (Row row : rows) {
            csv.append("\n\"")
                    .append(row.method().replace("\"", "\"\""))
                    .append("\",")
                    .append(row.precision())
                    .append(',')
                    .append(row.scenes().size());
            for (CardColumn column : columns) {
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
        ObjectNode lacking = root.putObject("vbenchAbsent");
        absent.forEach((dimension, files) -> files.forEach(lacking.putArray(dimension.label())::add));
        List<CardColumn> columns = columns();
        ArrayNode methods = root.putArray("methods");
        for (Row row : rows) {
            ObjectNode method = methods.addObject().put("method", row.method()).put("precision", row.precision());
            for (CardColumn column : columns) {
                Spread spread = column.spread(row);
                if (!Double.isNaN(spread.mean())) {
                    method.putObject(column.key()).put("mean", spread.mean()).put("std", spread.std());
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
