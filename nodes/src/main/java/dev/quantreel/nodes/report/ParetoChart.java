package dev.quantreel.nodes.report;

import dev.quantreel.nodes.video.Lettering;
import java.awt.BasicStroke;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Error against what it costs: one panel over bytes, one over seconds, each with the points that nothing beats.
///
/// @param names title, error with its unit, and what the labels of the points are
/// @param points measured so far
record ParetoChart(Names names, List<Point> points) {

    private static final int WIDTH = 720;
    private static final int HEIGHT = 540;
    private static final int LABELLED = 10;
    private static final int LONGEST_LABEL = 24;

    ParetoChart {
        points = List.copyOf(points);
    }

    /// @param labels what the labels of the points say; may be empty
    record Names(String title, String error, String labels) {}

    /// One measured way to run a model; all finite.
    ///
    /// @param error smaller is better
    /// @param megabytes of weights
    /// @param seconds per step
    record Point(String label, double error, double megabytes, double seconds) {}

    /// Points for which no other is at least as good in error and in cost, and better in one: by cost.
    static List<Point> front(List<Point> points, ToDoubleFunction<Point> cost) {
        List<Point> ordered = points.stream()
                .sorted(Comparator.comparingDouble(cost).thenComparingDouble(Point::error))
                .toList();
        List<Point> front = new ArrayList<>();
        for (Point point : ordered) {
            if (front.isEmpty() || point.error() < front.getLast().error()) {
                front.add(point);
            }
        }
        return front;
    }

    /// Whether no other point is at least as good in error, bytes and seconds, and better in one.
    static boolean isBest(Point point, List<Point> points) {
        return points.stream()
                .noneMatch(other -> other.error() <= point.error()
                        && other.megabytes() <= point.megabytes()
                        && other.seconds() <= point.seconds()
                        && (other.error() < point.error()
                                || other.megabytes() < point.megabytes()
                                || other.seconds() < point.seconds()));
    }

    BufferedImage image() {
        if (!Lettering.isPossible() || points.isEmpty()) {
            return Charts.blank();
        }
        BufferedImage bytes = panel("weights, MB", Point::megabytes);
        BufferedImage seconds = panel("seconds per step", Point::seconds);
        BufferedImage both = new BufferedImage(2 * WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = both.createGraphics();
        graphics.drawImage(bytes, 0, 0, null);
        graphics.drawImage(seconds, WIDTH, 0, null);
        graphics.dispose();
        return both;
    }

    private BufferedImage panel(String costName, ToDoubleFunction<Point> cost) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(names.title())
                .xAxisTitle(costName)
                .yAxisTitle(names.error())
                .build();
        Charts.style(chart.getStyler());
        chart.getStyler().setXAxisDecimalPattern("0.####");
        double mostCost = points.stream().mapToDouble(cost).max().orElse(0);
        double mostError = points.stream().mapToDouble(Point::error).max().orElse(0);
        chart.getStyler().setXAxisMin(0.0).setXAxisMax(mostCost > 0 ? 1.12 * mostCost : 1);
        chart.getStyler().setYAxisMin(0, 0.0).setYAxisMax(0, mostError > 0 ? 1.12 * mostError : 1);
        XYSeries all = chart.addSeries("measured (" + points.size() + ")", xs(points, cost), ys(points));
        Charts.look(all, Charts.BLUE, SeriesMarkers.CIRCLE);
        all.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        List<Point> front = front(points, cost);
        XYSeries line = chart.addSeries(frontName(), xs(front, cost), ys(front));
        Charts.look(line, Charts.ORANGE, SeriesMarkers.DIAMOND);
        line.setLineStyle(new BasicStroke(2f));
        chart.getStyler().setAnnotationTextFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        for (Point point : front.subList(0, Math.min(LABELLED, front.size()))) {
            chart.addAnnotation(new AnnotationText(
                    shortened(point.label()), cost.applyAsDouble(point), point.error() + 0.04 * mostError, false));
        }
        return BitmapEncoder.getBufferedImage(chart);
    }

    private String frontName() {
        return names.labels().isEmpty() ? "Pareto front" : "Pareto front: " + names.labels();
    }

    private static String shortened(String label) {
        return label.length() <= LONGEST_LABEL ? label : label.substring(0, LONGEST_LABEL - 1) + "…";
    }

    private static double[] xs(List<Point> points, ToDoubleFunction<Point> cost) {
        return points.stream().mapToDouble(cost).toArray();
    }

    private static double[] ys(List<Point> points) {
        return points.stream().mapToDouble(Point::error).toArray();
    }
}
