package dev.quantreel.nodes.report;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Figures;
import dev.quantreel.nodes.measure.PictureCheck;
import dev.quantreel.nodes.measure.PromptedScene;
import dev.quantreel.nodes.measure.Scene;
import dev.quantreel.nodes.measure.Yardstick;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.Upstream;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.LowNoiseModel;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.VideoDecoder;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Measures many ways to run a model.
@NodeType(
        id = "Sweep",
        title = "Sweep",
        category = "report",
        description =
                "Runs the model once for each combination of values that you give for inputs of the nodes before this"
                        + " one, and measures each against the same generation in full precision: error at full precision's"
                        + " latents (teacher-forced), error of the final latent, PSNR, SSIM, bytes, seconds per step. The plot"
                        + " of error against bytes and seconds grows while it runs. Every result is kept in a file of the"
                        + " output folder, so that a stopped sweep goes on where it was.",
        output = true,
        aliases = {"grid search", "Pareto", "parameter study", "XY plot", "benchmark"})
public final class Sweep implements Node<Sweep.Inputs, Sweep.Outputs> {

    /// What is drawn as error.
    public enum Drawn {
        /// At full precision's latents: isolates the quantizer, blind to step caches.
        TEACHER_FORCED("teacher-forced"),
        /// Of the generation as it runs, step cache included.
        FINAL_LATENT("final latent");

        private final String label;

        Drawn(String label) {
            this.label = label;
        }

        double of(Figures.Errors errors) {
            return this == TEACHER_FORCED ? errors.meanTeacherForced() : errors.finalLatent();
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// Which combinations are measured.
    public enum Mode {
        /// All.
        GRID("grid"),
        /// Some.
        RANDOM("random");

        private final String label;

        Mode(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [Sweep].
    public record Inputs(
            @In(help = "The model, behind the quantize nodes whose inputs are varied.")
            DiffusionModel model,

            @In(
                    help =
                            "One row for each input that is varied: Node.input = values, the node by title, kind or id. Values"
                                    + " are separated by commas; 2..8 and 0.05..0.3 step 0.05 are ranges; text with a comma goes"
                                    + " in \"quotation marks\". BGR Quantize.bits & ARQ Activation.bits = 4 & 8, 3 & 6 varies both"
                                    + " together. Rows that begin with # are left out. Up to 1000 points.",
                    initial = "",
                    multiline = true)
            String axes,

            @In(help = "Decoder for PSNR and SSIM; without it only latents are compared.")
            Optional<VideoDecoder> vae,

            @In(help = "Activation bits over the steps; may be varied.")
            Optional<BitPlan> bitSchedule,

            @In(help = "Which steps are skipped; may be varied.")
            Optional<CachePlan> stepCache,

            @In(
                    help =
                            "The second model of Wan 2.2 A14B, from Low-Noise Expert; the one above is then the high-noise"
                                    + " one. May be varied, as may the nodes before it.")
            Optional<LowNoiseModel> lowNoise,

            @In(help = "All combinations (grid), or as many of them as points says (random).", initial = "grid")
            Mode mode,

            @In(help = "Points of a random sweep, drawn by the seed.", initial = "50", min = 1, max = SweepPoints.MOST)
            int points,

            @In(
                    help =
                            "Error that the plot shows: teacher-forced ranks quantizers; with a step cache take the final"
                                    + " latent, which a cache changes.",
                    initial = "teacher-forced")
            Drawn error,

            @SharedInputs PromptedScene scene,

            @In(
                    help =
                            "Name of the files below the output folder. What was measured is kept in NAME.results.jsonl and"
                                    + " not measured again; other seconds come from deleting it.",
                    initial = "sweep/sweep")
            String filenamePrefix) {}

    /// See [Sweep].
    public record Outputs(
            @Out(help = "Error against bytes and against seconds, one picture.")
            Pictures plot,

            @Out(help = "The table; a star marks points that no other beats in error, bytes and seconds.")
            String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        List<List<Upstream.Change>> points = points(in, context.upstream());
        Path stored = ResultFiles.of(in.filenamePrefix(), context).sibling("results.jsonl");
        SweepTable table = new SweepRun(in, context, KeptResults.open(stored, Figures.class)).measured(points);
        table.totalFailure().ifPresent(problem -> {
            throw new NodeInputException("axes", "no point could be measured; the first: " + problem);
        });
        ResultFiles files = ResultFiles.of(in.filenamePrefix(), context);
        Frames plot = ClipPainter.frames(table.chart().image());
        files.png(plot, "");
        files.text(table.csv(), "csv", "text/csv");
        files.json(table.json());
        context.show(new UiItem.Text(table.text()));
        return new Outputs(new Pictures(plot), table.text());
    }

    /// The points, every value of which its input takes.
    private static List<List<Upstream.Change>> points(Inputs in, Upstream upstream) {
        try {
            List<SweepAxis> axes = SweepAxis.of(in.axes(), upstream.sources());
            List<List<Upstream.Change>> points = in.mode() == Mode.GRID
                    ? SweepPoints.grid(axes)
                    : SweepPoints.random(
                            axes, in.points(), in.scene().settings().seed());
            points.stream()
                    .flatMap(List::stream)
                    .distinct()
                    .flatMap(change -> upstream.refusal(change).stream())
                    .findFirst()
                    .ifPresent(problem -> {
                        throw new IllegalArgumentException("has a value that does not fit: " + problem);
                    });
            return points;
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("axes", String.valueOf(e.getMessage()), e);
        }
    }

    /// The model as it is, under a name.
    static Candidate candidate(Inputs in, String name) {
        return new Candidate(name, in.model(), in.lowNoise(), in.bitSchedule(), in.stepCache());
    }

    static Yardstick yardstick(Inputs in, NodeContext context) throws Exception {
        Candidate reference = in.scene().settings().reference(candidate(in, ""), context);
        Scene scene = in.scene().scene();
        new PictureCheck(in.model().facts(), "positive").require(scene);
        return new Yardstick(scene, reference, in.vae(), context);
    }
}
