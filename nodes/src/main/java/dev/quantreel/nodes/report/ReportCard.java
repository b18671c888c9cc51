package dev.quantreel.nodes.report;

import dev.quantreel.engines.vbench.VBenchDimension;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Captions;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.Methods;
import dev.quantreel.nodes.measure.PictureCheck;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.SceneInputs;
import dev.quantreel.nodes.measure.VBenchNetworks;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeInputs;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TextModel;
import dev.quantreel.nodes.values.VideoDecoder;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import dev.quantreel.nodes.video.TextTable;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// Compares methods over several prompts and seeds.
@NodeType(
        id = "ReportCard",
        title = "Report Card",
        category = "report",
        description =
                "Runs every method on every prompt and seed and measures each against full precision: PSNR, SSIM, features of"
                        + " the VAE's encoder, flicker, temporal divergence (TMD), motion, high-frequency energy, error of the"
                        + " velocity at full precision's latents, error and spread of the final latent, bits, bytes and seconds per"
                        + " step, mean and standard deviation; VBench's learned dimensions whose networks lie in the folder vbench."
                        + " Saves a self-contained HTML page, CSV and JSON. Results are kept one by one: a stopped card goes on.",
        output = true,
        aliases = {"benchmark", "evaluation", "metrics", "table"})
public final class ReportCard implements Node<ReportCard.Inputs, ReportCard.Outputs> {

    private static final int MOST_GENERATIONS = 10_000;

    /// See [ReportCard].
    public record Inputs(
            @In(help = "What is compared, from Add Method.") Methods methods,

            @In(help = "Text encoder for the prompts.") TextModel clip,

            @In(
                    help =
                            "One prompt in each line. Five or more, with two seeds each, make figures that can be trusted.",
                    initial = "",
                    multiline = true)
            String prompts,

            @In(help = "Negative prompt of all.", initial = "", multiline = true)
            String negative,

            @In(help = "Decoder; without it only latents are compared.")
            Optional<VideoDecoder> vae,

            @In(
                    help =
                            "What every prompt gets beside its text, from a prompt of any text: the picture of Image To Video,"
                                    + " whose latent then gives the size, and the strength of Embedded Guidance.")
            Optional<Conditioning> conditioning,

            @In(help = "Different noises for each prompt.", initial = "2", min = 1, max = 100)
            int seeds,

            @SharedInputs SceneInputs settings,

            @In(help = "Heading of the page.", initial = "Report card")
            String title,

            @In(
                    help = "Name of the files below the output folder; results are kept in NAME.results.jsonl.",
                    initial = "report/card")
            String filenamePrefix,

            @In(
                    help =
                            "Scores every decoded clip by VBench's learned dimensions whose networks lie in the folder vbench"
                                    + " (see VBench Quality). Those without networks are named; nothing stands in for them.",
                    initial = "true",
                    advanced = true)
            boolean vbench) {

        List<String> promptList() {
            return Captions.lines(prompts);
        }
    }

    /// See [ReportCard].
    public record Outputs(
            @Out(help = "Errors over the steps of all methods, one picture.")
            Pictures curves,

            @Out(help = "The table.") String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        requireGenerations(in);
        List<Candidate> candidates = in.methods().candidates();
        List<Scene> scenes = scenes(in, context);
        new PictureCheck(candidates.getFirst().model().facts(), "conditioning").require(scenes.getFirst());
        Candidate reference = in.settings().reference(candidates.getFirst(), context);
        boolean scored = in.vbench() && in.vae().isPresent();
        VBenchNetworks networks = scored ? VBenchNetworks.in(context.folders(), "vbench") : VBenchNetworks.NONE;
        List<Yardstick> yardsticks = scenes.stream()
                .map(scene -> new Yardstick(scene, reference, in.vae(), networks, context))
                .toList();
        candidates.forEach(candidate -> yardsticks.getFirst().require("methods", candidate));
        ResultFiles files = ResultFiles.of(in.filenamePrefix(), context);
        KeptResults<Figures> results = KeptResults.open(files.sibling("results.jsonl"), Figures.class);
        List<List<Figures>> measured = new CardRun(context, results, yardsticks, candidates)
                .measured(CardRun.fitTogether(scenes.getFirst(), scenes.size()));
        CardFigures card = new CardFigures(
                in.title(),
                settings(in, scenes.size()),
                rows(candidates, measured, scenes),
                scored ? absent(networks, measured) : new LinkedHashMap<>());
        return saved(card, files, context);
    }

    /// Dimensions that have no networks, and those that no clip was long enough for.
    private static SequencedMap<VBenchDimension, List<String>> absent(
            VBenchNetworks networks, List<List<Figures>> measured) {
        SequencedMap<VBenchDimension, List<String>> absent = networks.absent();
        networks.measurable().stream()
                .filter(dimension -> measured.stream()
                        .flatMap(List::stream)
                        .noneMatch(figures -> figures.clip().vbench().containsKey(dimension)))
                .forEach(dimension -> absent.put(dimension, List.of()));
        return absent;
    }

    /// Which networks are there, and of which time.
    @Override
    public String fingerprint(NodeInputs constants, NodeFolders folders) throws IOException {
        return VBenchNetworks.in(folders, "vbench").fingerprint();
    }

    private static void requireGenerations(Inputs in) {
        if (in.methods().candidates().isEmpty()) {
            throw new NodeInputException("methods", "is empty; accepted is at least one Add Method");
        }
        if (in.promptList().isEmpty()) {
            throw new NodeInputException("prompts", "is empty; accepted is one prompt in each line, at least one");
        }
        long generations = (long) in.promptList().size()
                * in.seeds()
                * in.methods().candidates().size();
        if (generations > MOST_GENERATIONS) {
            throw new NodeInputException(
                    "prompts",
                    "make " + generations + " generations with all seeds and methods; accepted are up to "
                            + MOST_GENERATIONS);
        }
    }

    private static List<Scene> scenes(Inputs in, NodeContext context) throws Exception {
        Captions captions = new Captions(in.clip(), in.conditioning());
        Optional<Conditioning> negative =
                isGuided(in) ? Optional.of(captions.encoded(in.negative(), context)) : Optional.empty();
        List<Scene> prompts = new ArrayList<>();
        for (String prompt : in.promptList()) {
            prompts.add(in.settings().scene(captions.encoded(prompt, context), negative));
        }
        return Captions.noised(prompts, in.seeds());
    }

    private static boolean isGuided(Inputs in) {
        return in.settings().cfg() != 1
                || Stream.concat(
                                in.settings().referenceLowNoise().stream(),
                                in.methods().candidates().stream().flatMap(candidate -> candidate.lowNoise().stream()))
                        .anyMatch(low -> low.cfg() != 1);
    }

    private static List<CardFigures.Row> rows(
            List<Candidate> candidates, List<List<Figures>> measured, List<Scene> scenes) {
        List<CardFigures.Row> rows = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            List<CardFigures.Scene> generations = new ArrayList<>();
            for (int j = 0; j < scenes.size(); j++) {
                generations.add(new CardFigures.Scene(
                        scenes.get(j).positive().prompt(),
                        scenes.get(j).seed(),
                        measured.get(i).get(j)));
            }
            rows.add(new CardFigures.Row(
                    candidates.get(i).name(), candidates.get(i).precision(), generations));
        }
        return rows;
    }

    private static String settings(Inputs in, int scenes) {
        SceneInputs settings = in.settings();
        return in.promptList().size() + " prompts x " + in.seeds() + " seeds = " + scenes + " generations a method, "
                + settings.steps() + " steps of " + settings.sampler() + ", cfg "
                + TextTable.number(settings.cfg()) + ", shift " + TextTable.number(settings.shift());
    }

    private static Outputs saved(CardFigures card, ResultFiles files, NodeContext context) throws Exception {
        BufferedImage teacher = new CurveChart(
                        "Error of the velocity at full precision's latents",
                        "relative L2, %",
                        card.curves(Figures.Errors::teacherForced))
                .image();
        BufferedImage free = new CurveChart(
                        "Distance of the latents, running freely",
                        "relative L2, %",
                        card.curves(Figures.Errors::freeRunning))
                .image();
        CardPage page = new CardPage(
                card,
                List.of(
                        new CardPage.Picture("Teacher-forced error over the steps", teacher),
                        new CardPage.Picture("Free-running error over the steps", free)));
        Frames curves = ClipPainter.frames(ErrorCurves.above(teacher, free));
        files.png(curves, "");
        files.text(page.html(), "html", "text/html");
        files.text(card.csv(), "csv", "text/csv");
        files.json(card.json());
        context.show(new UiItem.Text(card.text()));
        return new Outputs(new Pictures(curves), card.text());
    }
}
