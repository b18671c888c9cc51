package dev.quantreel.nodes.report;

import dev.quantreel.engines.cache.MagnitudeRatios;
import dev.quantreel.engines.cache.SignalEstimate;
import dev.quantreel.engines.cache.TeaCacheFit;
import dev.quantreel.nodes.video.Lettering;
import java.awt.BasicStroke;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Draws what step caches are calibrated on, in the look of [Charts].
final class CacheCharts {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 520;
    private static final int CURVE_POINTS = 100;

    private CacheCharts() {}

    /// Observed steps and the polynomial through them.
    ///
    /// @param signal name of the watched signal
    static BufferedImage fit(String title, String signal, List<TeaCacheFit.Point> points, SignalEstimate fit) {
        if (!Lettering.isPossible()) {
            return Charts.blank();
        }
        XYChart chart = chart(title, "relative L1 change of the " + signal + ", %", "change of the output, %");
        double[] x = points.stream().mapToDouble(point -> 100 * point.signal()).toArray();
        double[] y = points.stream().mapToDouble(point -> 100 * point.output()).toArray();
        XYSeries steps = chart.addSeries("steps", x, y);
        Charts.look(steps, Charts.ORANGE, SeriesMarkers.CIRCLE);
        steps.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        double least =
                points.stream().mapToDouble(TeaCacheFit.Point::signal).min().orElse(0);
        double most =
                points.stream().mapToDouble(TeaCacheFit.Point::signal).max().orElse(1);
        double[] at = IntStream.rangeClosed(0, CURVE_POINTS)
                .mapToDouble(i -> least + (most - least) * i / CURVE_POINTS)
                .toArray();
        XYSeries curve = chart.addSeries(
                "polynomial",
                IntStream.range(0, at.length).mapToDouble(i -> 100 * at[i]).toArray(),
                IntStream.range(0, at.length)
                        .mapToDouble(i -> 100 * fit.estimate(at[i]))
                        .toArray());
        Charts.look(curve, Charts.BLUE, SeriesMarkers.NONE);
        curve.setLineStyle(new BasicStroke(2.5f));
        return BitmapEncoder.getBufferedImage(chart);
    }

    /// Ratios of both branches over the steps.
    static BufferedImage ratios(String title, MagnitudeRatios ratios) {
        if (!Lettering.isPossible()) {
            return Charts.blank();
        }
        XYChart chart = chart(title, "sampler step", "magnitude against the step before");
        Charts.look(line(chart, "conditional", ratios.conditional()), Charts.BLUE, SeriesMarkers.CIRCLE);
        if (!ratios.unconditional().equals(ratios.conditional())) {
            Charts.look(line(chart, "unconditional", ratios.unconditional()), Charts.ORANGE, SeriesMarkers.DIAMOND);
        }
        return BitmapEncoder.getBufferedImage(chart);
    }

    private static XYSeries line(XYChart chart, String name, List<Double> values) {
        double[] steps = IntStream.range(0, values.size()).asDoubleStream().toArray();
        return chart.addSeries(
                name, steps, values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static XYChart chart(String title, String x, String y) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        Charts.style(chart.getStyler());
        return chart;
    }
}
