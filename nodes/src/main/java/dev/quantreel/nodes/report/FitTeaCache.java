package dev.quantreel.nodes.report;

import dev.quantreel.engines.cache.StepWindow;
import dev.quantreel.engines.cache.TeaCacheFit;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.sampling.CacheSignal;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Fits TeaCache to a model.
@NodeType(
        id = "FitTeaCache",
        title = "Fit TeaCache",
        category = "sampling/step caches",
        description = "Teaches TeaCache a model that it has no published numbers for: fits its polynomial"
                + " by least squares from the change of a signal to the change of the output, over the"
                + " steps of one or more runs that were sampled with Observe Signals. One run gives a"
                + " usable line; TeaCache's authors took 70 prompts for degree 4.",
        aliases = {"calibration", "polynomial", "coefficients"})
public final class FitTeaCache implements Node<FitTeaCache.Inputs, FitTeaCache.Outputs> {

    /// See [FitTeaCache].
    public record Inputs(
            @In(help = "Trace of Sample Video with Observe Signals as step cache.")
            Trace trace,

            @In(help = "Trace of another prompt or seed.") Optional<Trace> trace2,

            @In(help = "Trace of another prompt or seed.") Optional<Trace> trace3,

            @In(help = "Trace of another prompt or seed.") Optional<Trace> trace4,

            @In(
                    help =
                            "What TeaCache will watch. The time embedding depends on the step alone, the modulated input on"
                                    + " the video too.",
                    initial = "time embedding")
            CacheSignal signal,

            @In(help = "Degree of the polynomial; the published ones have 4.", initial = "4", min = 1, max = 4)
            int degree,

            @In(
                    help = "Sum of relative changes that calls for a computed step, as a fraction: higher is faster and"
                            + " less exact.",
                    initial = "0.1",
                    min = 0.001,
                    max = 10,
                    step = 0.01)
            double threshold,

            @In(help = "Name of the files below the output folder.", initial = "report/teacache")
            String filenamePrefix) {}

    /// See [FitTeaCache].
    public record Outputs(
            @Out(help = "TeaCache with the polynomial, for Sample Video.")
            CachePlan cache,

            @Out(help = "The coefficients, highest power first, for the TeaCache node.")
            String coefficients,

            @Out(
                    help =
                            "Error left over, against the spread of the output's changes: 0 is a perfect fit, 1 a useless one.")
            double error,

            @Out(help = "The points and the polynomial, one picture.")
            Pictures plot) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws IOException {
        List<TeaCacheFit.Point> points = new ArrayList<>(points("trace", Optional.of(in.trace()), in.signal()));
        new TreeMap<>(Map.of("trace2", in.trace2(), "trace3", in.trace3(), "trace4", in.trace4()))
                .forEach((port, trace) -> points.addAll(points(port, trace, in.signal())));
        TeaCacheFit fit = fit(in, points);
        double error = fit.relativeError(points);
        String title = String.format(
                Locale.ROOT,
                "TeaCache polynomial of degree %d over %d steps, error %.3f",
                in.degree(),
                points.size(),
                error);
        Frames plot = ClipPainter.frames(CacheCharts.fit(title, in.signal().toString(), points, fit));
        ResultFiles.of(in.filenamePrefix(), context).png(plot, "");
        context.show(new UiItem.Text(title + "\n" + fit.text()));
        CachePlan plan = new CachePlan.Tea(Optional.of(fit), false, in.threshold(), StepWindow.ALL);
        return new Outputs(plan, fit.text(), error, new Pictures(plot));
    }

    private static List<TeaCacheFit.Point> points(String port, Optional<Trace> trace, CacheSignal signal) {
        if (trace.isEmpty()) {
            return List.of();
        }
        try {
            List<TeaCacheFit.Point> points = trace.get().steps().signalPoints(signal.watched());
            if (points.isEmpty()) {
                throw new NodeInputException(
                        "signal",
                        "is " + signal + ", which the model of " + port + " does not have; accepted is another one");
            }
            return points;
        } catch (IllegalStateException e) {
            throw new NodeInputException(
                    port, "was not observed: " + e.getMessage() + "; accepted is one with Observe Signals", e);
        }
    }

    private static TeaCacheFit fit(Inputs in, List<TeaCacheFit.Point> points) {
        try {
            return TeaCacheFit.fit(in.trace().title(), in.signal().watched(), points, in.degree());
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("degree", String.valueOf(e.getMessage()), e);
        }
    }
}
