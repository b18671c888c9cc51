package dev.quantreel.nodes.report;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.Methods;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.sampling.EncodePrompt;
import dev.quantreel.nodes.sampling.SamplerChoice;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TextModel;
import dev.quantreel.nodes.values.VideoDecoder;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import dev.quantreel.nodes.video.TextTable;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Compares methods over several prompts and seeds.
@NodeType(
        id = "ReportCard",
        title = "Report Card",
        category = "report",
        description =
                "Runs every method on every prompt and seed and measures each against full precision: PSNR, SSIM, flicker,"
                        + " temporal divergence (TMD), high-frequency energy, error of the velocity at full precision's latents,"
                        + " error of the final latent, bits, bytes and seconds per step, mean and standard deviation. Saves a"
                        + " self-contained HTML page, CSV and JSON. Results are kept one by one: a stopped card goes on.",
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

            @In(help = "Size of the videos.") Latent latent,

            @In(help = "Decoder; without it only latents are compared.")
            Optional<VideoDecoder> vae,

            @In(help = "What everything is measured against; without it the first model in full precision.")
            Optional<DiffusionModel> reference,

            @In(help = "Different noises for each prompt.", initial = "2", min = 1, max = 100)
            int seeds,

            @In(help = "Seed of the first noise; the others follow.", initial = "0", min = 0, max = 9007199254740000d)
            long seed,

            @In(help = "Sampler steps.", initial = "16", min = 1, max = 1000)
            int steps,

            @In(help = "Strength of classifier-free guidance.", initial = "4", min = 0, max = 30, step = 0.1)
            double cfg,

            @In(help = "Shift of the noise levels, see Sample Video.", initial = "3", min = 0, max = 100, step = 0.1)
            double shift,

            @In(
                    help = "Spacing of the noise levels, see Sample Video.",
                    initial = "linear",
                    options = SamplerChoice.Schedules.class,
                    advanced = true)
            String sigmas,

            @In(
                    help = "Numerical method, see Sample Video.",
                    initial = "euler",
                    options = SamplerChoice.Samplers.class,
                    advanced = true)
            String sampler,

            @In(help = "Heading of the page.", initial = "Report card")
            String title,

            @In(
                    help = "Name of the files below the output folder; results are kept in NAME.results.jsonl.",
                    initial = "report/card")
            String filenamePrefix) {

        List<String> promptList() {
            return prompts.lines()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .toList();
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
        List<CardFigures.Scene> labels = new ArrayList<>();
        List<Scene> scenes = scenes(in, context, labels);
        List<Candidate> candidates = in.methods().candidates();
        Candidate reference = in.reference()
                .map(model -> Candidate.of("reference", model))
                .orElseGet(() -> Candidate.fullPrecision(candidates.getFirst().model()));
        List<Yardstick> yardsticks = scenes.stream()
                .map(scene -> new Yardstick(scene, reference, in.vae(), context))
                .toList();
        ResultFiles files = ResultFiles.of(in.filenamePrefix(), context);
        SweepResults results = SweepResults.open(files.sibling("results.jsonl"));
        List<List<Figures>> measured = new CardRun(context, results, yardsticks, candidates)
                .measured(CardRun.fitTogether(scenes.getFirst(), scenes.size()));
        CardFigures card = new CardFigures(in.title(), settings(in, scenes.size()), rows(candidates, measured, labels));
        return saved(card, files, context);
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

    private static List<Scene> scenes(Inputs in, NodeContext context, List<CardFigures.Scene> labels) throws Exception {
        Scene.Sampler sampler = new Scene.Sampler(in.steps(), in.cfg(), in.shift(), in.sampler(), in.sigmas());
        Optional<Conditioning> negative =
                in.cfg() == 1 ? Optional.empty() : Optional.of(encoded(in, in.negative(), context));
        List<Scene> scenes = new ArrayList<>();
        for (String prompt : in.promptList()) {
            Conditioning positive = encoded(in, prompt, context);
            for (int i = 0; i < in.seeds(); i++) {
                // Another noise for each prompt, too: equal noise would count its chance twice.
                long seed = in.seed() + scenes.size();
                scenes.add(new Scene(positive, negative, in.latent(), seed, sampler));
                labels.add(new CardFigures.Scene(prompt, seed, NOTHING));
            }
        }
        return scenes;
    }

    private static final Figures NOTHING =
            new Figures(new Figures.Errors(List.of(), List.of()), Figures.Clip.NONE, new Figures.Cost(0, 0, 0, 0, 0));

    private static Conditioning encoded(Inputs in, String prompt, NodeContext context) throws Exception {
        return new EncodePrompt()
                .run(new EncodePrompt.Inputs(in.clip(), prompt), context)
                .conditioning();
    }

    private static List<CardFigures.Row> rows(
            List<Candidate> candidates, List<List<Figures>> measured, List<CardFigures.Scene> labels) {
        List<CardFigures.Row> rows = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            List<CardFigures.Scene> scenes = new ArrayList<>();
            for (int j = 0; j < labels.size(); j++) {
                scenes.add(new CardFigures.Scene(
                        labels.get(j).prompt(),
                        labels.get(j).seed(),
                        measured.get(i).get(j)));
            }
            rows.add(new CardFigures.Row(
                    candidates.get(i).name(), candidates.get(i).model().precision(), scenes));
        }
        return rows;
    }

    private static String settings(Inputs in, int scenes) {
        return in.promptList().size() + " prompts x " + in.seeds() + " seeds = " + scenes + " generations a method, "
                + in.steps() + " steps of " + in.sampler() + ", cfg " + TextTable.number(in.cfg()) + ", shift "
                + TextTable.number(in.shift());
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
