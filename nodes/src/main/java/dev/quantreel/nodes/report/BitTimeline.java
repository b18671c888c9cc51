package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.sampling.SamplingTrace;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.Trace;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import dev.quantreel.nodes.video.TextTable;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/// Plots what happened while sampling.
@NodeType(
        id = "BitTimeline",
        title = "Bit Timeline",
        category = "report",
        description = "Shows what bit schedule and step cache did at each step of a run: the relative L1"
                + " change of the model's output, the activation bits that the bit schedule chose, and"
                + " the steps that the cache answered; where blocks have bits of their own, a map of"
                + " blocks and steps below. Saves the plot as PNG and the figures as JSON.",
        output = true,
        aliases = {"relative L1", "bits per step", "cache hits", "plot"})
public final class BitTimeline implements Node<BitTimeline.Inputs, BitTimeline.Outputs> {

    /// See [BitTimeline].
    public record Inputs(
            @In(help = "Trace of Sample Video.") Trace trace,

            @In(help = "Name of the files below the output folder.", initial = "report/timeline")
            String filenamePrefix) {}

    /// See [BitTimeline].
    public record Outputs(
            @Out(help = "The plot, one picture.") Pictures plot,

            @Out(help = "Mean activation bits over the computed steps; 16 where activations are not quantized.")
            double meanBits,

            @Out(help = "The steps as a table.") String report) {}

    private static final double UNQUANTIZED_BITS = 16;

    @Override
    public Outputs run(Inputs in, NodeContext context) throws IOException {
        Trace trace = in.trace();
        List<Charts.Step> steps = trace.steps().steps().stream()
                .map(step -> new Charts.Step(
                        step.index(),
                        step.relativeL1(),
                        trace.quantizedActivations() ? step.activationBits() : 0,
                        !step.isComputed()))
                .toList();
        BufferedImage timeline = Charts.timeline(trace.title(), steps);
        List<SamplingTrace.Blocks> blocks = trace.steps().blocks();
        Frames plot = ClipPainter.frames(blocks.isEmpty() ? timeline : new BlockBitsChart(blocks).below(timeline));
        ResultFiles files = ResultFiles.of(in.filenamePrefix(), context);
        files.png(plot, "");
        files.json(json(trace));
        String table = table(trace);
        context.show(new UiItem.Text(table));
        double mean = trace.quantizedActivations() ? trace.steps().meanActivationBits() : UNQUANTIZED_BITS;
        return new Outputs(new Pictures(plot), mean, table);
    }

    private static String table(Trace trace) {
        TextTable table = new TextTable("step", "sigma", "change %", "bits", "blocks", "ms");
        for (SamplingTrace.Step step : trace.steps().steps()) {
            table.row(
                    Integer.toString(step.index()),
                    String.format(Locale.ROOT, "%.4f", step.sigma()),
                    Double.isNaN(step.relativeL1()) ? "-" : String.format(Locale.ROOT, "%.2f", 100 * step.relativeL1()),
                    trace.quantizedActivations() && step.isComputed() ? Integer.toString(step.activationBits()) : "-",
                    blocks(step),
                    String.format(Locale.ROOT, "%.1f", step.elapsed().totalNanos() / 1e6));
        }
        return trace.title() + "\n" + table;
    }

    /// What became of the blocks in the branches of guidance.
    private static String blocks(SamplingTrace.Step step) {
        if (!step.isComputed()) {
            return "reused";
        }
        if (step.conditional() == SamplingTrace.Decision.REUSED) {
            return "reused (conditional)";
        }
        return step.unconditional() == SamplingTrace.Decision.REUSED ? "reused (unconditional)" : "computed";
    }

    private static ObjectNode json(Trace trace) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("title", trace.title()).put("quantizedActivations", trace.quantizedActivations());
        root.put("reusedPasses", trace.steps().reusedPasses());
        root.put("computedPasses", trace.steps().trunkPasses());
        ArrayNode steps = root.putArray("steps");
        for (SamplingTrace.Step step : trace.steps().steps()) {
            ObjectNode json = steps.addObject().put("step", step.index()).put("sigma", step.sigma());
            if (Double.isFinite(step.relativeL1())) {
                json.put("relativeL1", step.relativeL1());
            }
            if (trace.quantizedActivations() && step.isComputed()) {
                json.put("activationBits", step.activationBits());
            }
            json.put("computed", step.isComputed()).put("blocks", blocks(step));
            json.put("milliseconds", step.elapsed().totalNanos() / 1e6);
        }
        if (!trace.steps().blocks().isEmpty()) {
            blocks(trace.steps().blocks(), root.putObject("blocks"));
        }
        return root;
    }

    /// Names once, bits and changes by step.
    private static void blocks(List<SamplingTrace.Blocks> blocks, ObjectNode root) {
        ArrayNode names = root.putArray("names");
        blocks.getFirst().names().forEach(names::add);
        ArrayNode conditional = root.putArray("conditional");
        ArrayNode unconditional = root.putArray("unconditional");
        for (SamplingTrace.Blocks step : blocks) {
            branch(step.conditional(), conditional.addObject());
            branch(step.unconditional(), unconditional.addObject());
        }
    }

    private static void branch(SamplingTrace.BlockBits branch, ObjectNode json) {
        ArrayNode bits = json.putArray("bits");
        branch.bits().forEach(bits::add);
        ArrayNode changes = json.putArray("changes");
        branch.changes().stream().filter(Double::isFinite).forEach(changes::add);
    }
}
