package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.Methods;
import dev.quantreel.nodes.measure.PictureCheck;
import dev.quantreel.nodes.measure.PromptedScene;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.SceneInputs;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import dev.quantreel.nodes.video.TextTable;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Plots the error of methods over the steps of one generation.
@NodeType(
        id = "ErrorCurves",
        title = "Error Curves",
        category = "report",
        description =
                "Plots step by step how far each method is from full precision: the error of its velocity where it is given"
                        + " full precision's latent (teacher-forced), which is the quantizer's alone, and the distance of the"
                        + " latents where it runs freely, in which earlier errors live on; and how the latents spread beside full precision's, which gives a collapse away."
                        + " Saves the plots and the figures.",
        output = true,
        aliases = {"teacher forcing", "error over time", "plot"})
public final class ErrorCurves implements Node<ErrorCurves.Inputs, ErrorCurves.Outputs> {

    private static final double PERCENT = 100;

    /// See [ErrorCurves].
    public record Inputs(
            @In(help = "What is compared, from Add Method.") Methods methods,

            @SharedInputs PromptedScene scene,

            @In(help = "Name of the files below the output folder.", initial = "report/errors")
            String filenamePrefix) {}

    /// See [ErrorCurves].
    public record Outputs(
            @Out(help = "The plots, one picture.") Pictures plot,

            @Out(help = "The errors as a table.") String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        List<Candidate> candidates = in.methods().candidates();
        if (candidates.isEmpty()) {
            throw new NodeInputException("methods", "is empty; accepted is at least one Add Method");
        }
        SceneInputs settings = in.scene().settings();
        Scene scene = in.scene().scene();
        new PictureCheck(candidates.getFirst().model().facts(), "positive").require(scene);
        Yardstick yardstick =
                new Yardstick(scene, settings.reference(candidates.getFirst(), context), Optional.empty(), context);
        candidates.forEach(candidate -> yardstick.require("methods", candidate));
        yardstick.prepare(steps("full precision", 0, candidates.size() + 1, context));
        yardstick.releaseReference();
        Curves curves = new Curves(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        List<Measured> measured = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            Candidate candidate = candidates.get(i);
            Figures figures = yardstick
                    .measure(candidate, steps(candidate.name(), i + 1, candidates.size() + 1, context))
                    .figures();
            yardstick.release(
                    candidate, i + 1 < candidates.size() ? Optional.of(candidates.get(i + 1)) : Optional.empty());
            measured.add(new Measured(candidate.name(), figures));
            curves.add(candidate.name(), figures);
            context.preview(curves.plot());
        }
        ResultFiles files = ResultFiles.of(in.filenamePrefix(), context);
        Frames plot = ClipPainter.frames(curves.plot());
        files.png(plot, "");
        files.json(json(measured));
        String table = table(measured);
        context.show(new UiItem.Text(table));
        return new Outputs(new Pictures(plot), table);
    }

    private static SamplingListener steps(String name, int index, int count, NodeContext context) {
        return new SamplingListener() {
            @Override
            public void stepDone(int done, int total, Tensor clean) {
                context.status(name + ", step " + done + "/" + total);
                context.progress((long) index * total + done, (long) count * total);
            }
        };
    }

    private record Measured(String name, Figures figures) {}

    /// One curve for each method measured so far.
    private record Curves(List<CurveChart.Curve> teacher, List<CurveChart.Curve> free, List<CurveChart.Curve> spread) {

        void add(String name, Figures figures) {
            teacher.add(percent(name, figures.errors().teacherForced()));
            free.add(percent(name, figures.errors().freeRunning()));
            spread.add(percent(name, figures.latents().stdRatio()));
        }

        private static CurveChart.Curve percent(String name, List<Double> values) {
            return new CurveChart.Curve(
                    name, values.stream().map(value -> PERCENT * value).toList());
        }

        BufferedImage plot() {
            BufferedImage errors = above(
                    new CurveChart("Error of the velocity at full precision's latents", "relative L2, %", teacher)
                            .image(),
                    new CurveChart("Distance of the latents, running freely", "relative L2, %", free).image());
            return above(
                    errors,
                    new CurveChart("Standard deviation of the latents, running freely", "% of full precision's", spread)
                            .image());
        }
    }

    /// One picture above the other.
    static BufferedImage above(BufferedImage upper, BufferedImage lower) {
        BufferedImage both = new BufferedImage(
                Math.max(upper.getWidth(), lower.getWidth()),
                upper.getHeight() + lower.getHeight(),
                BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = both.createGraphics();
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, both.getWidth(), both.getHeight());
        graphics.drawImage(upper, 0, 0, null);
        graphics.drawImage(lower, 0, upper.getHeight(), null);
        graphics.dispose();
        return both;
    }

    private static String table(List<Measured> measured) {
        TextTable table = new TextTable(
                "method", "mean tf %", "first tf %", "last tf %", "tf L1 %", "cosine", "final %", "σ ratio");
        for (Measured method : measured) {
            Figures.Errors errors = method.figures().errors();
            table.row(
                    method.name(),
                    percent(errors.meanTeacherForced()),
                    percent(errors.teacherForced().getFirst()),
                    percent(errors.teacherForced().getLast()),
                    percent(errors.meanTeacherForcedL1()),
                    String.format(Locale.ROOT, "%.5f", errors.meanTeacherForcedCosine()),
                    percent(errors.finalLatent()),
                    String.format(
                            Locale.ROOT, "%.3f", method.figures().latents().finalStdRatio()));
        }
        return table.toString();
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f", PERCENT * value);
    }

    private static ObjectNode json(List<Measured> measured) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode methods = root.putArray("methods");
        for (Measured one : measured) {
            ObjectNode method = methods.addObject().put("method", one.name());
            Figures figures = one.figures();
            put(method, "teacherForcedPercent", PERCENT, figures.errors().teacherForced());
            put(method, "teacherForcedL1Percent", PERCENT, figures.errors().teacherForcedL1());
            put(method, "teacherForcedCosine", 1, figures.errors().teacherForcedCosine());
            put(method, "freeRunningPercent", PERCENT, figures.errors().freeRunning());
            put(method, "latentMeanShift", 1, figures.latents().meanShift());
            put(method, "latentStdRatio", 1, figures.latents().stdRatio());
            method.put("notFinite", figures.latents().notFinite());
        }
        return root;
    }

    private static void put(ObjectNode method, String name, double factor, List<Double> values) {
        ArrayNode array = method.putArray(name);
        values.forEach(value -> array.add(factor * value));
    }
}
