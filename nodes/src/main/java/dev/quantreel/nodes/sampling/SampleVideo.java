package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.spi.ComboOptions;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeFolders;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.values.TextModel;
import dev.quantreel.nodes.values.Trace;
import dev.quantreel.nodes.values.VideoDecoder;
import java.util.List;
import java.util.Optional;

/// Samples a video.
@NodeType(
        id = "SampleVideo",
        title = "Sample Video",
        category = "sampling",
        description = "Generates a latent video from noise: Euler steps of a flow-matching model with classifier-free"
                + " guidance. If the model is quantized, its weights are quantized here on first use and kept. The same"
                + " seed gives the same noise as torch on the CPU, so runs with different precision can be compared"
                + " frame by frame.",
        aliases = {"KSampler", "sampler", "Euler", "generate"})
public final class SampleVideo implements Node<SampleVideo.Inputs, SampleVideo.Outputs> {

    /// See [SampleVideo].
    public record Inputs(
            @In(help = "Model to sample with, quantized or not.")
            DiffusionModel model,

            @In(help = "What the video shows.") Conditioning positive,

            @In(help = "What guidance leads away from, usually an empty prompt; not needed when cfg is 1.")
            Optional<Conditioning> negative,

            @In(help = "Size of the video.") Latent latent,

            @In(help = "Seed of the noise.", initial = "0", min = 0, max = 9007199254740991d, seed = true)
            long seed,

            @In(help = "Sampler steps: more are slower and finer.", initial = "16", min = 1, max = 1000)
            int steps,

            @In(
                    help = "Strength of classifier-free guidance; 1 leaves the second pass out and halves the time.",
                    initial = "4",
                    min = 0,
                    max = 30,
                    step = 0.1)
            double cfg,

            @In(
                    help = "Shift of the noise levels towards noise: 3 for small videos, 5 for Wan at 480p, 8 at 720p.",
                    initial = "3",
                    min = 0.1,
                    max = 100,
                    step = 0.1)
            double shift,

            @In(help = "Spacing of the noise levels.", initial = "linear", options = Schedules.class, advanced = true)
            String sigmas,

            @In(help = "Activation bits over the steps; without it those of the model.")
            Optional<BitPlan> bitSchedule,

            @In(help = "Which steps are skipped; without it none.")
            Optional<CachePlan> stepCache,

            @In(help = "Decoder for previews while sampling; without it they show the latent itself.")
            Optional<VideoDecoder> previewVae) {}

    /// See [SampleVideo].
    public record Outputs(
            @Out(help = "The sampled latent, for Decode VAE.")
            Latent latent,

            @Out(help = "Changes, bits, cache hits and times of the steps, for Bit Timeline.")
            Trace trace) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        requireChannels(in);
        SamplerSettings settings = settings(in);
        BitSchedule bits = bits(in, context);
        StepCache cache =
                in.stepCache().map(plan -> plan.resolve(in.model().facts())).orElse(new StepCache.None());
        PaddedText text = new PaddedText(in.model().facts(), context);
        BranchConditioning positive = text.of("positive", in.positive());
        BranchConditioning negative = settings.isGuided() ? text.of("negative", negative(in)) : positive;
        TextModel.makeRoom(context);
        DiffusionTransformer transformer = ModelAssembly.transformer(in.model(), context);
        FlowSampler sampler = new FlowSampler(transformer.bind(positive, negative), settings, bits, cache);
        Tensor noise = TorchNoise.gaussian(in.seed(), in.latent().samples().shape());
        LatentPreview preview = LatentPreview.of(in.previewVae(), context);
        FlowSampler.Sampled sampled =
                sampler.sample(noise, new SamplingReporter(context, preview), context.cancellation());
        Trace trace = new Trace(sampled.trace(), in.model().activations().isPresent(), SamplingReporter.title(in));
        context.show(new UiItem.Text(SamplingReporter.summary(trace)));
        return new Outputs(new Latent(sampled.latent()), trace);
    }

    private static void requireChannels(Inputs in) {
        long channels = in.latent().samples().shape().dim(1);
        int accepted = in.model().facts().latent().channels();
        if (channels != accepted) {
            throw new NodeInputException(
                    "latent",
                    "has " + channels + " channels; accepted are " + accepted + ", those of "
                            + in.model().file().name());
        }
    }

    private static SamplerSettings settings(Inputs in) {
        if (!SigmaSchedule.NAMES.contains(in.sigmas())) {
            throw new NodeInputException(
                    "sigmas", "is '" + in.sigmas() + "'; accepted are " + String.join(", ", SigmaSchedule.NAMES));
        }
        return new SamplerSettings(in.steps(), in.cfg(), SigmaSchedule.named(in.sigmas(), in.shift()));
    }

    private static Conditioning negative(Inputs in) {
        return in.negative()
                .orElseThrow(() -> new NodeInputException(
                        "negative",
                        "is not connected while cfg is " + in.cfg()
                                + "; connect Encode Prompt with an empty text, or set cfg to 1"));
    }

    private static BitSchedule bits(Inputs in, NodeContext context) {
        if (in.bitSchedule().isEmpty()) {
            return new Constant(in.model().activationBits());
        }
        if (in.model().activations().isEmpty()) {
            context.status("the bit schedule has no effect: the activations of this model are not quantized; add ARQ"
                    + " Activation");
        }
        BitSchedule schedule = in.bitSchedule().get().schedule();
        try {
            schedule.start(in.steps());
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("bitSchedule", String.valueOf(e.getMessage()), e);
        }
        return schedule;
    }

    static final class Schedules implements ComboOptions {
        @Override
        public List<String> options(NodeFolders folders) {
            return SigmaSchedule.NAMES;
        }
    }
}
