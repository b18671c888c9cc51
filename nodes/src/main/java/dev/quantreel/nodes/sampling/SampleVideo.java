package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.nodes.spi.In;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.NodeType;
import dev.quantreel.nodes.spi.Out;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import dev.quantreel.nodes.values.Trace;
import dev.quantreel.nodes.values.VideoDecoder;
import java.util.Optional;

/// Samples a video.
@NodeType(
        id = "SampleVideo",
        title = "Sample Video",
        category = "sampling",
        description =
                "Generates a latent video from noise with classifier-free guidance, whose two branches run in one pass"
                        + " or one after the other. If the model is quantized, its weights are quantized here on first use and kept. The same"
                        + " seed gives the same noise as torch on the CPU, so runs with different precision can be compared"
                        + " frame by frame.",
        aliases = {"KSampler", "KSamplerAdvanced", "sampler", "Euler", "UniPC", "generate"})
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
                    help = "Shift of the noise levels towards noise: 3 for small videos, 5 for Wan at 480p, 8 at 720p."
                            + " 0 takes what the model's authors recommend.",
                    initial = "3",
                    min = 0,
                    max = 100,
                    step = 0.1)
            double shift,

            @In(
                    help =
                            "Spacing of the noise levels: auto takes the model's own; linear is Wan's and HunyuanVideo's,"
                                    + " unipc and dpmpp those of Wan's two samplers; simple, normal, sgm_uniform and beta are"
                                    + " ComfyUI's.",
                    initial = "linear",
                    options = SamplerChoice.Schedules.class,
                    advanced = true)
            String sigmas,

            @In(help = "Activation bits over the steps; without it those of the model.")
            Optional<BitPlan> bitSchedule,

            @In(help = "Which steps are skipped; without it none.")
            Optional<CachePlan> stepCache,

            @In(help = "Decoder for previews while sampling; without it they show the latent itself.")
            Optional<VideoDecoder> previewVae,

            @In(
                    help =
                            "Numerical method: auto takes the model's own. euler, uni_pc (bh1), uni_pc_bh2, dpmpp_2m, lcm"
                                    + " and ddim are ComfyUI's, which integrate with alpha 1; wan_unipc and wan_dpmpp are UniPC"
                                    + " and DPM++ 2M as Wan and diffusers write them, in the variables of the flow. lcm is for"
                                    + " files distilled to few steps.",
                    initial = "euler",
                    options = SamplerChoice.Samplers.class)
            String sampler,

            @In(
                    help = "First step to run; the ones before belong to another sampler.",
                    initial = "0",
                    min = 0,
                    max = 1000,
                    advanced = true)
            int startStep,

            @In(
                    help = "Step to stop before; 10000 runs to the end.",
                    initial = "10000",
                    min = 1,
                    max = 10000,
                    advanced = true)
            int endStep,

            @In(
                    help = "Whether noise is added first; off where the latent comes from a sampler that left noise.",
                    initial = "true",
                    advanced = true)
            boolean addNoise,

            @In(
                    help = "Whether noise is left when stopping early, for another sampler to go on.",
                    initial = "false",
                    advanced = true)
            boolean leftoverNoise,

            @In(
                    help = "The second model of Wan 2.2 A14B, from Low-Noise Expert; the one above is then the"
                            + " high-noise one.")
            Optional<LowNoiseModel> lowNoise,

            @In(
                    help = "How the two branches of guidance run through the model: serial one after the other, batched"
                            + " both in one pass, which takes twice the memory for activations and gives the same"
                            + " video up to rounding; auto is batched for small clips (up to 256 tokens), where it"
                            + " saves time, if memory has room. Of no effect at cfg 1.",
                    initial = "auto",
                    options = PassChoice.Options.class,
                    advanced = true)
            String guidancePasses) {}

    /// See [SampleVideo].
    public record Outputs(
            @Out(help = "The sampled latent, for Decode VAE.")
            Latent latent,

            @Out(help = "Changes, bits, cache hits and times of the steps, for Bit Timeline.")
            Trace trace) {}

    @Override
    public Outputs run(Inputs in, NodeContext context) throws Exception {
        Generation generation = Generation.of(in, context);
        LatentPreview preview = LatentPreview.of(in.previewVae(), context);
        FlowSampler.Sampled sampled = generation.sample(new SamplingReporter(context, preview));
        Trace trace = new Trace(sampled.trace(), in.model().activations().isPresent(), SamplingReporter.title(in));
        String ignored =
                in.bitSchedule().isPresent() && in.model().activations().isEmpty()
                        ? "\nthe bit schedule is of no effect: activations are not quantized (ARQ Activation does it)"
                        : "";
        context.show(new UiItem.Text(SamplingReporter.summary(trace) + ignored));
        return new Outputs(generation.latent(sampled), trace);
    }

    static Conditioning negative(Inputs in) {
        return in.negative()
                .orElseThrow(() -> new NodeInputException(
                        "negative",
                        "is not connected while cfg is " + in.cfg()
                                + "; connect Encode Prompt with an empty text, or set cfg to 1"));
    }
}
