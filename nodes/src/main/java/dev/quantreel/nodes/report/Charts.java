package dev.quantreel.nodes.report;

import dev.quantreel.nodes.video.Lettering;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/// Draws the plots of the report nodes, dark on white; blank pictures where [Lettering] is impossible. XChart is used
/// here and by the classes of this package that draw with this one's look.
final class Charts {

    private static final Color INK = new Color(0x1F2937);
    private static final Color GRID = new Color(0xE5E7EB);
    static final Color BLUE = new Color(0x2563EB);
    static final Color ORANGE = new Color(0xEA580C);
    static final Color GREEN = new Color(0x059669);
    static final Color GREY = new Color(0x9CA3AF);
    private static final int WIDTH = 1100;
    private static final int HEIGHT = 520;

    private Charts() {}

    /// One sampler step.
    ///
    /// @param relativeL1 change of the model output against the step before, as a fraction; NaN where unknown
    /// @param bits activation bits; 0 where activations are not quantized
    /// @param cached whether the step cache answered, so that no block ran
    record Step(int index, double relativeL1, int bits, boolean cached) {}

    /// The change of the output, the bits and the cache hits over the steps of a run.
    static BufferedImage timeline(String title, List<Step> steps) {
        if (!Lettering.isPossible()) {
            return blank();
        }
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("sampler step")
                .build();
        style(chart.getStyler());
        chart.setYAxisGroupTitle(0, "relative L1 change of the output, %");
        addCurve(chart, steps);
        boolean quantized = steps.stream().anyMatch(step -> step.bits() > 0);
        if (quantized) {
            chart.setYAxisGroupTitle(1, "activation bits");
            chart.getStyler().setYAxisGroupPosition(1, Styler.YAxisPosition.Right);
            chart.getStyler().setYAxisMin(1, 0.0).setYAxisMax(1, 9.0);
            addBits(chart, steps);
        }
        return BitmapEncoder.getBufferedImage(chart);
    }

    private static void addCurve(XYChart chart, List<Step> steps) {
        List<Step> known =
                steps.stream().filter(step -> !Double.isNaN(step.relativeL1())).toList();
        if (!known.isEmpty()) {
            XYSeries curve = chart.addSeries("relative L1", indices(known), percent(known));
            look(curve, BLUE, SeriesMarkers.CIRCLE);
            curve.setLineStyle(new BasicStroke(2.5f));
            chart.getStyler().setYAxisMin(0, 0.0);
        }
        List<Step> hits = known.stream().filter(Step::cached).toList();
        if (!hits.isEmpty()) {
            XYSeries series = chart.addSeries("cache hit (no block ran)", indices(hits), percent(hits));
            look(series, GREEN, SeriesMarkers.DIAMOND);
            series.setXYSeriesRenderStyle(XYSeriesRenderStyle.Scatter);
        }
    }

    private static void addBits(XYChart chart, List<Step> steps) {
        List<Step> computed = steps.stream().filter(step -> step.bits() > 0).toList();
        double[] bits = computed.stream().mapToDouble(Step::bits).toArray();
        XYSeries series = chart.addSeries("activation bits (right axis)", indices(computed), bits);
        look(series, ORANGE, SeriesMarkers.SQUARE);
        series.setXYSeriesRenderStyle(XYSeriesRenderStyle.Step);
        series.setYAxisGroup(1);
    }

    static void look(XYSeries series, Color colour, Marker marker) {
        series.setLineColor(colour);
        series.setMarkerColor(colour);
        series.setMarker(marker);
    }

    private static double[] indices(List<Step> steps) {
        return steps.stream().mapToDouble(Step::index).toArray();
    }

    private static double[] percent(List<Step> steps) {
        return steps.stream().mapToDouble(step -> 100 * step.relativeL1()).toArray();
    }

    /// A quantity of each layer.
    ///
    /// @param name legend text
    /// @param values one per layer, finite
    record LayerSeries(String name, List<Double> values) {}

    /// Quantities of a model's layers: the first as bars, the others as markers above them.
    ///
    /// @param axis name and unit of the quantity
    static BufferedImage layers(String title, String axis, List<String> layers, List<LayerSeries> series) {
        if (!Lettering.isPossible()) {
            return blank();
        }
        CategoryChart chart = new CategoryChartBuilder()
                .width(Math.max(WIDTH, 22 * layers.size() + 140))
                .height(HEIGHT + 140)
                .title(title)
                .yAxisTitle(axis)
                .build();
        style(chart.getStyler());
        chart.getStyler().setXAxisLabelRotation(90).setXAxisMaxLabelCount(layers.size());
        chart.getStyler().setAvailableSpaceFill(0.7).setOverlapped(true);
        List<Color> colours = List.of(new Color(0x93C5FD), ORANGE, GREEN, GREY);
        List<Marker> markers =
                List.of(SeriesMarkers.NONE, SeriesMarkers.CIRCLE, SeriesMarkers.DIAMOND, SeriesMarkers.TRIANGLE_UP);
        for (int i = 0; i < series.size(); i++) {
            LayerSeries one = series.get(i);
            var added = chart.addSeries(one.name(), new ArrayList<>(layers), new ArrayList<Number>(one.values()));
            added.setFillColor(colours.get(i));
            added.setMarkerColor(colours.get(i));
            added.setMarker(markers.get(i));
            added.setChartCategorySeriesRenderStyle(
                    i == 0 ? CategorySeriesRenderStyle.Bar : CategorySeriesRenderStyle.Scatter);
        }
        return BitmapEncoder.getBufferedImage(chart);
    }

    static BufferedImage blank() {
        BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, WIDTH, HEIGHT);
        graphics.dispose();
        return image;
    }

    static void style(AxesChartStyler styler) {
        styler.setChartBackgroundColor(Color.WHITE).setPlotBackgroundColor(Color.WHITE);
        styler.setChartFontColor(INK);
        styler.setPlotBorderColor(GRID);
        styler.setPlotGridLinesColor(GRID);
        styler.setPlotGridLinesStroke(new BasicStroke(1f));
        styler.setAxisTickLabelsColor(INK).setAxisTickMarksColor(GREY);
        styler.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 18));
        styler.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 14));
        styler.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
        styler.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 13));
        styler.setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setLegendBorderColor(Color.WHITE).setLegendBackgroundColor(Color.WHITE);
        styler.setChartTitleBoxVisible(false);
        styler.setChartPadding(16);
        styler.setMarkerSize(8);
        styler.setAntiAlias(true);
    }
}
