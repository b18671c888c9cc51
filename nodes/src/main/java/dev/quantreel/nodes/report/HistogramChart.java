package dev.quantreel.nodes.report;

import dev.quantreel.nodes.video.Lettering;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Histograms of one layer before and after rotation, on a logarithmic scale, so that outliers can be seen: weights
/// above, inputs below where they were recorded.
record HistogramChart(String layer, RotationShapes shapes) {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 420;

    BufferedImage image() {
        if (!Lettering.isPossible()) {
            return Charts.blank();
        }
        BufferedImage weights = panel("Weights of " + layer, shapes.weights());
        Optional<BufferedImage> inputs = shapes.inputs().map(pair -> panel("Inputs of " + layer, pair));
        return inputs.map(below -> ErrorCurves.above(weights, below)).orElse(weights);
    }

    private static BufferedImage panel(String title, RotationShapes.Pair pair) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("value over root mean square")
                .yAxisTitle("share of the values")
                .build();
        Charts.style(chart.getStyler());
        chart.getStyler().setYAxisLogarithmic(true);
        add(chart, "before rotation", pair.before(), Charts.ORANGE);
        add(chart, "after rotation", pair.after(), Charts.BLUE);
        return BitmapEncoder.getBufferedImage(chart);
    }

    private static void add(XYChart chart, String when, Distribution distribution, Color colour) {
        int[] filled = IntStream.range(0, Distribution.BINS)
                .filter(bin -> distribution.shares()[bin] > 0)
                .toArray();
        String name = String.format(
                Locale.ROOT, "%s: kurtosis %.1f, crest %.1f", when, distribution.kurtosis(), distribution.crest());
        XYSeries series = chart.addSeries(
                name,
                IntStream.of(filled).mapToDouble(Distribution::middle).toArray(),
                IntStream.of(filled)
                        .mapToDouble(bin -> distribution.shares()[bin])
                        .toArray());
        Charts.look(series, colour, SeriesMarkers.CIRCLE);
        series.setLineStyle(new BasicStroke(2f));
    }
}
