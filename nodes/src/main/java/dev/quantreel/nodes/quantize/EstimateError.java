package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.distillation.ErrorEstimation;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.SharedInputs;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.DiffusionModel;
import java.util.List;
import java.util.Locale;

/// Makes up for a part of the quantization error by Q-VDiT's branch of rank one, without training.
@NodeType(
        id = "EstimateError",
        title = "Q-VDiT Error Estimation (TQE)",
        category = "quantize/corrections",
        description = "Makes up for a part of what quantization gets wrong, without training and for few"
                + " bytes: a 16-bit branch of rank one beside each linear adds what is missing. Its"
                + " strength differs from frame to frame (Q-VDiT's TQE), solved by least squares: the"
                + " full-precision model generates a few videos out of noise, and each linear is run on"
                + " what it read there. A branch stays only where it lowers the error on tokens set"
                + " apart. No data set, no training. Goes behind all nodes that quantize.",
        aliases = {"TQE", "Q-VDiT", "token-aware quantization estimator", "error compensation", "low-rank branch"})
public final class EstimateError implements Node<EstimateError.Inputs, EstimateError.Outputs> {

    /// How the branch weighs the frames.
    public enum FrameFactors {
        /// Solved together with the rest.
        SOLVED("solved"),
        /// From the rounding and the energy of the activation, as the paper initialises them.
        STATISTIC("paper's statistic");

        private final String label;

        FrameFactors(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    /// See [EstimateError].
    public record Inputs(
            @In(help = "A model with its quantize nodes before it.")
            DiffusionModel model,

            @SharedInputs WatchedVideos videos,

            @In(
                    help = "Videos to watch, each from other noise: one overfits, more cost time.",
                    initial = "4",
                    min = 1,
                    max = 64)
            int trajectories,

            @In(
                    help = "How the branch weighs the frames: solved with the rest, or by the paper's statistic of"
                            + " rounding and energy.",
                    initial = "solved",
                    advanced = true)
            FrameFactors frameFactors,

            @In(help = "Tokens taken of every run of a layer.", initial = "24", min = 1, max = 4096, advanced = true)
            int tokensPerRun,

            @In(
                    help = "Keeps the branch small where the sample says little; a share of a channel's mean square.",
                    initial = "0.01",
                    min = 0,
                    max = 1,
                    step = 0.001,
                    advanced = true)
            double damping) {}

    /// See [EstimateError].
    public record Outputs(
            @Out(help = "The model with the branches.") DiffusionModel model,

            @Out(help = "Error of each layer before and after.")
            String report) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        EstimatedModel model = EstimatedModel.of(in.model(), context);
        ErrorEstimation.Options usual = ErrorEstimation.Options.DEFAULTS;
        int turns = in.frameFactors() == FrameFactors.SOLVED ? usual.frameTurns() : 0;
        ErrorEstimation.Estimate estimate = ErrorEstimation.of(
                model.target(),
                in.videos().trajectories(in.model(), in.trajectories(), context),
                new ErrorEstimation.Options(in.tokensPerRun(), turns, in.damping(), usual.budgetBytes()),
                (what, done, total) -> {
                    context.status(what + " " + (done + 1) + "/" + total);
                    context.progress(done + 1, total);
                },
                context.cancellation());
        String report = report(estimate);
        context.show(new UiItem.Text(report));
        return new Outputs(model.plain().withEstimate(estimate.branches(), estimate.digest()), report);
    }

    static String report(ErrorEstimation.Estimate estimate) {
        StringBuilder text = new StringBuilder();
        List<ErrorEstimation.Layer> layers = estimate.layers();
        text.append(String.format(
                Locale.ROOT,
                "%d of %d layers have a branch, %d bytes; relative error of outputs, mean %.4f -> %.4f%n",
                estimate.branches().byLayer().size(),
                layers.size(),
                estimate.branches().bytes(),
                layers.stream()
                        .mapToDouble(ErrorEstimation.Layer::before)
                        .average()
                        .orElse(0),
                layers.stream()
                        .mapToDouble(ErrorEstimation.Layer::result)
                        .average()
                        .orElse(0)));
        for (ErrorEstimation.Layer layer : layers) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-32s %.4f -> %.4f%s%n",
                    layer.name(),
                    layer.before(),
                    layer.after(),
                    layer.isKept() ? "" : ", left out"));
        }
        return text.toString();
    }
}
