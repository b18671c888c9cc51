package dev.quantreel.nodes.report;

import dev.quantreel.nodes.video.Lettering;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// A quantity over the sampler steps, one curve for each method.
record CurveChart(String title, String axis, List<Curve> curves) {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 500;
    private static final List<Color> COLOURS = List.of(
            Charts.BLUE, Charts.ORANGE, Charts.GREEN, new Color(0x7C3AED), new Color(0xDB2777), new Color(0x0891B2));
    private static final List<Marker> MARKERS =
            List.of(SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE, SeriesMarkers.DIAMOND, SeriesMarkers.TRIANGLE_UP);

    CurveChart {
        curves = List.copyOf(curves);
    }

    /// @param values one for each step, finite
    record Curve(String name, List<Double> values) {}

    BufferedImage image() {
        if (!Lettering.isPossible() || curves.isEmpty()) {
            return Charts.blank();
        }
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("sampler step")
                .yAxisTitle(axis)
                .build();
        Charts.style(chart.getStyler());
        chart.getStyler().setYAxisMin(0, 0.0).setMarkerSize(5);
        for (int i = 0; i < curves.size(); i++) {
            Curve curve = curves.get(i);
            double[] steps = IntStream.range(0, curve.values().size())
                    .mapToDouble(step -> step)
                    .toArray();
            double[] values =
                    curve.values().stream().mapToDouble(Double::doubleValue).toArray();
            XYSeries series = chart.addSeries(curve.name(), steps, values);
            Charts.look(series, COLOURS.get(i % COLOURS.size()), MARKERS.get(i % MARKERS.size()));
            series.setLineStyle(new BasicStroke(2f));
        }
        return BitmapEncoder.getBufferedImage(chart);
    }
}
