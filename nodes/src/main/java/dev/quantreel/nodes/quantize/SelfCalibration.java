package dev.quantreel.nodes.quantize;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.quant.StatisticsPlan;
import dev.quantreel.nodes.sampling.EncodePrompt;
import dev.quantreel.nodes.sampling.PaddedText;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.values.Calibration;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.TextModel;
import java.util.ArrayList;
import java.util.List;

/// Says where statistics of activations come from.
@NodeType(
        id = "SelfCalibration",
        title = "Self Calibration",
        category = "quantize/statistics",
        description = "Shows the quantizers what the layers of the model really read, for GPTQ Quantize,"
                + " SmoothQuant and the methods built on them: the model makes the statistics itself. It"
                + " generates in full precision out of pure noise, and what its layers read is summed"
                + " up. No data set takes part. Costs its generations, once per model and setting, and"
                + " again where the sums of wide layers do not fit in memory together. Several captions"
                + " are better than one: with the empty prompt alone about half of what GPTQ gains is"
                + " lost.",
        aliases = {"calibration", "statistics"})
public final class SelfCalibration implements Node<SelfCalibration.Inputs, SelfCalibration.Outputs> {

    /// See [SelfCalibration].
    public record Inputs(
            @In(help = "Model to calibrate; not modified.") DiffusionModel model,

            @In(help = "Text encoder that belongs to the model.")
            TextModel clip,

            @In(help = "Size of the generations; small ones do.")
            Latent latent,

            @In(
                    help = "Captions that lead the generations in turn, one to a line; nothing is the empty prompt.",
                    initial = "",
                    multiline = true)
            String captions,

            @In(help = "Generations, each from a noise of its own.", initial = "8", min = 1, max = 256)
            int trajectories,

            @In(help = "Sampler steps of each.", initial = "16", min = 1, max = 200)
            int steps,

            @In(
                    help = "Strength of guidance; 1 leaves the second pass out and halves the time.",
                    initial = "4",
                    min = 0,
                    max = 30,
                    step = 0.1)
            double cfg,

            @In(help = "Seed of the first noise.", initial = "90000", min = 0, max = 9007199254740991d, advanced = true)
            long seed) {}

    /// See [SelfCalibration].
    public record Outputs(
            @Out(help = "The model with statistics planned.")
            DiffusionModel model) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        List<String> captions = in.captions()
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        List<BranchConditioning> encoded = new ArrayList<>();
        BranchConditioning empty = encode(in, "", context);
        for (String caption : captions) {
            encoded.add(encode(in, caption, context));
        }
        StatisticsPlan.SelfGenerated plan = new StatisticsPlan.SelfGenerated(
                captions.isEmpty() ? List.of("") : captions, in.trajectories(), in.steps(), in.seed());
        Calibration calibration = new Calibration(
                plan,
                encoded.isEmpty() ? List.of(empty) : encoded,
                empty,
                in.latent().samples().shape(),
                in.cfg());
        return new Outputs(in.model().with(in.model().additions().with(calibration)));
    }

    private static BranchConditioning encode(Inputs in, String text, NodeContext context) throws Exception {
        EncodePrompt.Outputs encoded = new EncodePrompt().run(new EncodePrompt.Inputs(in.clip(), text), context);
        return new PaddedText(in.model().facts(), context).of("clip", encoded.conditioning());
    }
}
