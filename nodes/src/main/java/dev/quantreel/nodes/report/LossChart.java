package dev.quantreel.nodes.report;

import dev.quantreel.engines.distillation.ErrorTraining.Point;
import dev.quantreel.nodes.video.Lettering;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// The loss of a training over its steps, as a share of what it was where its blocks began: each stage begins at 100 %.
///
/// @param curve steps so far, stage after stage
/// @param stepsPerStage steps of each
/// @param temporalWeight of the temporal loss
public record LossChart(List<Point> curve, int stepsPerStage, double temporalWeight) {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 500;

    /// Steps whose mean is drawn as one point: a single step sees few examples.
    private static final int WINDOW = 8;

    public LossChart {
        curve = List.copyOf(curve);
    }

    /// Points of a line; y is NaN where a stage ends.
    private static final class Line {
        private final List<Double> x = new ArrayList<>();
        private final List<Double> y = new ArrayList<>();

        void add(double step, double loss) {
            x.add(step);
            y.add(loss);
        }

        void drawOn(XYChart chart, String name, Color colour, Marker marker) {
            if (y.stream().allMatch(value -> value.isNaN())) {
                return;
            }
            XYSeries series = chart.addSeries(name, x, y);
            Charts.look(series, colour, marker);
            series.setLineStyle(new BasicStroke(2f));
        }
    }

    public BufferedImage image() {
        if (!Lettering.isPossible() || curve.isEmpty()) {
            return Charts.blank();
        }
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title("Loss of the blocks, as they are trained")
                .xAxisTitle("step")
                .yAxisTitle("loss, % of the blocks' first")
                .build();
        Charts.style(chart.getStyler());
        chart.getStyler().setMarkerSize(5);
        learned().drawOn(chart, "examples learned from, mean of " + WINDOW + " steps", Charts.GREY, SeriesMarkers.NONE);
        apart().drawOn(chart, "examples apart", Charts.BLUE, SeriesMarkers.CIRCLE);
        return BitmapEncoder.getBufferedImage(chart);
    }

    private double loss(Point point) {
        return point.error() + temporalWeight * point.temporal();
    }

    private double position(Point point) {
        return (double) point.stage() * stepsPerStage + point.step();
    }

    private Line learned() {
        Line line = new Line();
        List<Double> window = new ArrayList<>();
        int stage = -1;
        double first = Double.NaN;
        for (Point point : curve) {
            if (!Double.isNaN(point.apart())) {
                continue;
            }
            if (point.stage() != stage) {
                line.add(position(point), Double.NaN);
                stage = point.stage();
                window.clear();
                first = Double.NaN;
            }
            window.add(loss(point));
            if (window.size() == WINDOW) {
                double mean = window.stream()
                        .mapToDouble(Double::doubleValue)
                        .average()
                        .orElse(Double.NaN);
                first = Double.isNaN(first) ? mean : first;
                line.add(position(point), 100 * mean / first);
                window.clear();
            }
        }
        return line;
    }

    private Line apart() {
        Line line = new Line();
        int stage = -1;
        double first = Double.NaN;
        for (Point point : curve) {
            if (Double.isNaN(point.apart())) {
                continue;
            }
            if (point.stage() != stage) {
                line.add(position(point), Double.NaN);
                stage = point.stage();
                first = point.apart();
            }
            line.add(position(point), 100 * point.apart() / first);
        }
        return line;
    }
}
