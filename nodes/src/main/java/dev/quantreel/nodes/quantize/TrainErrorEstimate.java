package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.distillation.ErrorEstimation;
import dev.quantreel.engines.distillation.ErrorTraining;
import dev.quantreel.engines.distillation.TrainingStore;
import dev.quantreel.engines.torch.TorchEngine;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.report.LossChart;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.video.ClipPainter;
import dev.quantreel.nodes.video.ResultFiles;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Trains Q-VDiT's branches of rank one, towards what whole blocks put out in full precision.
@NodeType(
        id = "TrainErrorEstimate",
        title = "Q-VDiT Training (TQE + TMD)",
        category = "quantize/corrections",
        description = "Makes up for a part of what quantization gets wrong by training, more exact and"
                + " slower than Q-VDiT Error Estimation: 16-bit branches of rank one beside the"
                + " quantized linears, towards what whole blocks put out in full precision, with"
                + " Q-VDiT's loss on how the frames of a clip relate to one another (TMD). It learns"
                + " from videos that the model makes out of noise and keeps what does best on some that"
                + " it never learned from. The state is kept in the output folder: a training that was"
                + " stopped goes on where it was. Needs PyTorch, which is not part of Quantreel:"
                + " ./quantreel install training. Goes behind all nodes that quantize.",
        aliases = {"TQE", "TMD", "Q-VDiT", "distillation", "fine-tuning", "error compensation"})
public final class TrainErrorEstimate implements Node<TrainErrorEstimate.Inputs, TrainErrorEstimate.Outputs> {

    /// Steps between two pictures of the loss.
    private static final int DRAWN = 5;

    /// See [TrainErrorEstimate].
    public record Inputs(
            @In(help = "A model with its quantize nodes before it.")
            DiffusionModel model,

            @SharedInputs WatchedVideos videos,

            @In(help = "Videos to learn from, each from other noise.", initial = "8", min = 1, max = 64)
            int trajectories,

            @In(
                    help = "Steps of training for each stage, of four examples each.",
                    initial = "100",
                    min = 1,
                    max = 100000)
            int trainingSteps,

            @In(
                    help = "Size of the first steps, as a share of what is trained; it falls along a cosine to 0.",
                    initial = "0.01",
                    min = 0.00001,
                    max = 1,
                    step = 0.001)
            double learningRate,

            @In(
                    help =
                            "Weight of the temporal loss (TMD) beside the relative squared error; 0 leaves it out, 100 is"
                                    + " the paper's.",
                    initial = "100",
                    min = 0,
                    max = 100000,
                    step = 1)
            double temporalWeight,

            @In(
                    help =
                            "Blocks of a stage, which are trained together: more see further and need more memory, 4 bytes"
                                    + " for each of their weights and their activations; 1000 takes all at once.",
                    initial = "1",
                    min = 1,
                    max = 1000)
            int blocks,

            @In(
                    help =
                            "Name of the state below the output folder. A training of the same model and settings goes on"
                                    + " from there; delete NAME.state.safetensors to begin anew.",
                    initial = "training/qvdit")
            String filenamePrefix,

            @In(
                    help = "Runs of the blocks that are held in memory, spread over all videos; one in eight is never"
                            + " learned from.",
                    initial = "128",
                    min = 1,
                    max = 10000,
                    advanced = true)
            int examples) {

        private ErrorTraining.Options options() {
            return new ErrorTraining.Options(trainingSteps, learningRate, temporalWeight, blocks, examples);
        }
    }

    /// See [TrainErrorEstimate].
    public record Outputs(
            @Out(help = "The model with the branches.") DiffusionModel model,

            @Out(help = "Loss over the steps.") Pictures plot,

            @Out(help = "Loss of each stage before and after, then the error of each layer when its branch was solved.")
            String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        TorchEngine.obstacle().ifPresent(reason -> {
            throw new IllegalStateException(reason);
        });
        EstimatedModel model = EstimatedModel.of(in.model(), context);
        ErrorTraining.Training training = train(in, model, context);
        DiffusionModel trained = model.plain()
                .withEstimate(
                        training.estimate().branches(), training.estimate().digest());
        Frames plot = ClipPainter.frames(chart(in, training.curve()).image());
        ResultFiles.of(in.filenamePrefix(), context).png(plot, "");
        String report = report(training);
        context.show(new UiItem.Text(report));
        return new Outputs(trained, new Pictures(plot), report);
    }

    private static ErrorTraining.Training train(Inputs in, EstimatedModel model, NodeContext context) throws Exception {
        Path state = ResultFiles.of(in.filenamePrefix(), context).sibling("state.safetensors");
        try {
            return ErrorTraining.of(
                    new ErrorTraining.Task(
                            model.target(),
                            in.videos().trajectories(in.model(), in.trajectories(), context),
                            ErrorEstimation.Options.DEFAULTS,
                            Optional.of(new TrainingStore(state, identity(in, model.plain())))),
                    in.options(),
                    listener(in, context),
                    context.cancellation());
        } catch (TrainingStore.StateException e) {
            throw new NodeInputException("filenamePrefix", String.valueOf(e.getMessage()), e);
        }
    }

    private static Map<String, String> identity(Inputs in, DiffusionModel model) {
        return Map.of(
                "model",
                model.file().name() + " " + model.file().digest(),
                "plan",
                ModelAssembly.planText(model) + " at " + model.activationBits() + " bits",
                "scene",
                in.trajectories() + " videos of " + in.videos().scene().fingerprint(),
                "settings",
                in.options().toString());
    }

    private static ErrorTraining.Listener listener(Inputs in, NodeContext context) {
        return new ErrorTraining.Listener() {
            @Override
            public void report(String what, int done, int total) {
                context.status(what + " " + (done + 1) + "/" + total);
                context.progress(done + 1, total);
            }

            @Override
            public void learned(List<ErrorTraining.Point> curve) {
                if (!curve.isEmpty() && curve.getLast().step() % DRAWN == 0) {
                    context.preview(chart(in, curve).image());
                }
            }
        };
    }

    private static LossChart chart(Inputs in, List<ErrorTraining.Point> curve) {
        return new LossChart(curve, in.trainingSteps(), in.temporalWeight());
    }

    private static String report(ErrorTraining.Training training) {
        StringBuilder text = new StringBuilder();
        for (ErrorTraining.Stage stage : training.stages()) {
            text.append(String.format(
                    Locale.ROOT,
                    "up to %-24s loss %.5f -> %.5f (%+.1f %%)%n",
                    stage.blocks(),
                    stage.before(),
                    stage.after(),
                    stage.before() > 0 ? 100 * (stage.after() / stage.before() - 1) : 0));
        }
        return text + "where training began: " + EstimateError.report(training.estimate());
    }
}
