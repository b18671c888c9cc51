package dev.quantreel.nodes.video;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoOptions;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Pictures;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Shows several clips at once.
@NodeType(
        id = "ComparisonSheet",
        title = "Comparison Sheet",
        category = "video/compare",
        description = "Puts up to eight clips of the same size beside one another, each under its label, as one video"
                + " that plays them in step; also gives the middle frame of all as a picture. Connect Save Video or"
                + " Preview Video.",
        aliases = {"A/B", "side by side", "grid", "contact sheet"})
public final class ComparisonSheet implements Node<ComparisonSheet.Inputs, ComparisonSheet.Outputs> {

    /// See [ComparisonSheet].
    public record Inputs(
            @In(help = "First clip, usually full precision.")
            Pictures clip1,

            @In(help = "Second clip.") Pictures clip2,

            @In(help = "Third clip.") Optional<Pictures> clip3,

            @In(help = "Fourth clip.") Optional<Pictures> clip4,

            @In(help = "Fifth clip.") Optional<Pictures> clip5,

            @In(help = "Sixth clip.") Optional<Pictures> clip6,

            @In(help = "Seventh clip.") Optional<Pictures> clip7,

            @In(help = "Eighth clip.") Optional<Pictures> clip8,

            @In(
                    help = "One label in each line, in the order of the clips; those without one get a letter.",
                    initial = "full precision\nquantized",
                    multiline = true)
            String labels,

            @In(help = "Clips in a row.", initial = "4", min = 1, max = 8)
            int columns) {}

    /// See [ComparisonSheet].
    public record Outputs(
            @Out(help = "All clips in step.") Pictures sheet,

            @Out(help = "Their middle frames, one picture.") Pictures middle) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) {
        if (!Lettering.isPossible()) {
            context.status(Lettering.REMEDY);
        }
        List<ClipPainter.Panel> panels = panels(in);
        Frames first = panels.getFirst().frames();
        Frames sheet =
                ClipPainter.grid(panels, Math.min(in.columns(), panels.size()), VideoOptions.viewableScale(first));
        int middle = sheet.count() / 2;
        return new Outputs(new Pictures(sheet), new Pictures(sheet.clip(middle, middle + 1)));
    }

    private static List<ClipPainter.Panel> panels(Inputs in) {
        List<Optional<Pictures>> clips = List.of(
                Optional.of(in.clip1()),
                Optional.of(in.clip2()),
                in.clip3(),
                in.clip4(),
                in.clip5(),
                in.clip6(),
                in.clip7(),
                in.clip8());
        List<String> labels = Stream.of(in.labels().split("\n", -1))
                .map(String::strip)
                .filter(label -> !label.isEmpty())
                .toList();
        Frames first = in.clip1().frames();
        List<ClipPainter.Panel> panels = new ArrayList<>();
        for (int i = 0; i < clips.size(); i++) {
            if (clips.get(i).isPresent()) {
                Frames frames = clips.get(i).get().frames();
                requireSize("clip" + (i + 1), frames, first);
                int place = panels.size();
                String letter = String.valueOf((char) ('A' + place));
                panels.add(new ClipPainter.Panel(place < labels.size() ? labels.get(place) : letter, frames));
            }
        }
        return panels;
    }

    private static void requireSize(String port, Frames frames, Frames first) {
        if (!frames.rgb().shape().equals(first.rgb().shape())) {
            throw new NodeInputException(
                    port, "has " + size(frames) + "; accepted is the size of the first clip, " + size(first));
        }
    }

    private static String size(Frames frames) {
        return frames.count() + " frames of " + frames.width() + " x " + frames.height() + " pixels";
    }
}
