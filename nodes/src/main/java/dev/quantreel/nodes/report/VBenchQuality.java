package dev.quantreel.nodes.report;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.quantreel.engines.vbench.VBenchDimension;
import dev.quantreel.engines.vbench.VBenchScores;
import dev.quantreel.nodes.measure.VBenchNetworks;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.video.ResultFiles;
import dev.quantreel.nodes.video.TextTable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Measures a clip by VBench's learned dimensions, on networks that the user has put into the folder `vbench`.
@NodeType(
        id = "VBenchQuality",
        title = "VBench Quality",
        category = "report",
        description = "Measures a clip by VBench's learned dimensions whose networks lie in the folder vbench as ONNX"
                + " files: subject consistency (dino_vitb16.onnx), background consistency (clip_vit_b_32_visual.onnx),"
                + " aesthetic quality (clip_vit_l_14_visual.onnx and laion_aesthetic_head.onnx), imaging quality"
                + " (musiq_spaq.onnx), motion smoothness (amt_s.onnx, two frames in, the frame halfway out). What has no network is named with the file that it wants; nothing stands in for"
                + " it. With a reference the difference to its score stands beside each.",
        output = true,
        aliases = {"DINO", "CLIP", "aesthetic", "MUSIQ", "metrics"})
public final class VBenchQuality implements Node<VBenchQuality.Inputs, VBenchQuality.Outputs> {

    /// See [VBenchQuality].
    public record Inputs(
            @In(help = "The clip.") Pictures images,

            @In(help = "The same clip in full precision; its scores stand beside.")
            Optional<Pictures> reference,

            @In(help = "Name of the file below the output folder.", initial = "report/vbench")
            String filenamePrefix) {}

    /// See [VBenchQuality].
    public record Outputs(
            @Out(help = "The scores as a table.") String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        VBenchNetworks networks = VBenchNetworks.in(context.folders(), "images");
        VBenchScores scores = scores("images", in.images(), networks, context);
        Optional<VBenchScores> reference = in.reference().isPresent()
                ? Optional.of(scores("reference", in.reference().get(), networks, context))
                : Optional.empty();
        String table = table(scores, reference);
        ResultFiles.of(in.filenamePrefix(), context).json(json(scores, reference));
        context.show(new UiItem.Text(table));
        return new Outputs(table);
    }

    private static VBenchScores scores(String port, Pictures pictures, VBenchNetworks networks, NodeContext context) {
        context.status("measuring " + port + ", " + pictures.frames().count() + " frames");
        try {
            return VBenchScores.of(pictures.frames(), networks.files(), context.cancellation());
        } catch (IOException e) {
            throw new NodeInputException(port, "cannot be measured: " + e.getMessage(), e);
        }
    }

    private static String table(VBenchScores scores, Optional<VBenchScores> reference) {
        TextTable table = reference.isPresent()
                ? new TextTable("dimension", "score", "reference", "difference")
                : new TextTable("dimension", "score");
        for (VBenchDimension dimension : VBenchDimension.values()) {
            List<String> row = new ArrayList<>(List.of(dimension.label()));
            Optional<Double> score = Optional.ofNullable(scores.scores().get(dimension));
            row.add(number("%.4f", score));
            if (reference.isPresent()) {
                Optional<Double> of =
                        Optional.ofNullable(reference.get().scores().get(dimension));
                row.add(number("%.4f", of));
                row.add(number("%+.4f", score.flatMap(own -> of.map(other -> own - other))));
            }
            table.row(row.toArray(String[]::new));
        }
        StringBuilder text = new StringBuilder(table.toString());
        scores.absent().forEach((dimension, files) -> text.append("\n")
                .append(dimension.label())
                .append(": not measured, ")
                .append(
                        files.isEmpty()
                                ? "the clip has fewer than " + dimension.leastFrames() + " frames"
                                : String.join(" and ", files)
                                        + (files.size() == 1 ? " is" : " are")
                                        + " not in the folder "
                                        + VBenchNetworks.FOLDER));
        return text.toString();
    }

    private static String number(String format, Optional<Double> value) {
        return value.map(score -> String.format(Locale.ROOT, format, score)).orElse("-");
    }

    private static ObjectNode json(VBenchScores scores, Optional<VBenchScores> reference) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.set("scores", json(scores));
        reference.ifPresent(of -> root.set("reference", json(of)));
        ObjectNode absent = root.putObject("absent");
        scores.absent().forEach((dimension, files) -> files.forEach(absent.putArray(dimension.label())::add));
        return root;
    }

    private static ObjectNode json(VBenchScores scores) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        for (VBenchDimension dimension : VBenchDimension.values()) {
            Optional.ofNullable(scores.scores().get(dimension)).ifPresent(score -> json.put(dimension.label(), score));
        }
        return json;
    }

    /// Which networks are there, and of which time.
    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return VBenchNetworks.in(folders, "images").fingerprint();
    }
}
