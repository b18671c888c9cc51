package dev.quantreel.nodes.report;

import dev.quantreel.engines.cache.MagnitudeRatios;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.Trace;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Calibrates MagCache on a model.
@NodeType(
        id = "CalibrateMagCache",
        title = "Calibrate MagCache",
        category = "sampling/step caches",
        description = "Teaches MagCache a model that it has no published numbers for: takes its ratios from"
                + " one run that was sampled with Observe Signals: how the magnitude of what the blocks"
                + " change moves from step to step. One prompt is enough, its ratios serve others; runs"
                + " of other lengths take the nearest ratios.",
        aliases = {"calibration", "magnitude ratios"})
public final class CalibrateMagCache implements Node<CalibrateMagCache.Inputs, CalibrateMagCache.Outputs> {

    /// See [CalibrateMagCache].
    public record Inputs(
            @In(help = "Trace of Sample Video with Observe Signals as step cache.")
            Trace trace,

            @In(
                    help = "Sum of the errors of skipped steps that calls for a computed one, as a fraction: higher is"
                            + " faster and less exact.",
                    initial = "0.12",
                    min = 0.001,
                    max = 10,
                    step = 0.01)
            double threshold,

            @In(help = "Most steps in a row that are skipped.", initial = "2", min = 1, max = 100)
            int longestRun,

            @In(
                    help = "Fraction of the steps at the beginning that is always computed.",
                    initial = "0.2",
                    min = 0,
                    max = 1,
                    step = 0.05)
            double retention,

            @In(help = "Name of the files below the output folder.", initial = "report/magcache")
            String filenamePrefix) {}

    /// See [CalibrateMagCache].
    public record Outputs(
            @Out(help = "MagCache with the ratios, for Sample Video.")
            CachePlan cache,

            @Out(help = "The ratios, both branches.") String ratios,

            @Out(help = "The ratios over the steps, one picture.")
            Pictures plot) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws IOException {
        MagnitudeRatios ratios = ratios(in.trace());
        String text = "conditional " + text(ratios.conditional()) + "\nunconditional " + text(ratios.unconditional());
        Frames plot = ClipPainter.frames(
                CacheCharts.ratios("MagCache ratios, " + in.trace().title(), ratios));
        ResultFiles.of(in.filenamePrefix(), context).png(plot, "");
        context.show(new UiItem.Text(text));
        CachePlan plan = new CachePlan.Mag(Optional.of(ratios), in.threshold(), in.longestRun(), in.retention());
        return new Outputs(plan, text, new Pictures(plot));
    }

    private static MagnitudeRatios ratios(Trace trace) {
        try {
            return trace.steps().magnitudeRatios();
        } catch (IllegalStateException e) {
            throw new NodeInputException(
                    "trace", "was not observed: " + e.getMessage() + "; accepted is one with Observe Signals", e);
        }
    }

    private static String text(List<Double> ratios) {
        return String.join(
                ", ",
                ratios.stream()
                        .map(ratio -> String.format(Locale.ROOT, "%.5f", ratio))
                        .toList());
    }
}
