package dev.quantreel.nodes.sampling;

import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.sampling.Expert;
import dev.quantreel.engines.sampling.ExpertSampler;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.schedule.BitSchedule;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.TextModel;
import java.util.List;
import java.util.Optional;

/// One generation as the inputs of Sample Video describe it, checked and ready to run: the sampler of every node that
/// samples.
public final class Generation {

    private final SampleVideo.Inputs in;
    private final NodeContext context;
    private final SamplerSettings settings;
    private final NoisedLatent noised;
    private final List<Expert> experts;

    private Generation(
            SampleVideo.Inputs in,
            NodeContext context,
            SamplerSettings settings,
            NoisedLatent noised,
            List<Expert> experts) {
        this.in = in;
        this.context = context;
        this.settings = settings;
        this.noised = noised;
        this.experts = List.copyOf(experts);
    }

    /// Checks the inputs and plans memory; opens no model.
    ///
    /// @throws NodeInputException when the inputs do not fit each other, or memory
    /// @throws Exception when a file cannot be opened
    public static Generation of(SampleVideo.Inputs in, NodeContext context) throws Exception {
        requireFitting(in.latent(), in.model());
        SamplerChoice choice = new SamplerChoice(in.model().facts());
        SamplerSettings settings = choice.settings(in);
        context.status(choice.recommended());
        NoisedLatent noised = NoisedLatent.of(settings, in);
        Optional<BitSchedule> bits = bits(in, noised.levels().steps(), context);
        SamplingCheck.Outcome room = new SamplingCheck(in, context).require();
        return new Generation(in, context, settings, noised, new ModelTurns(in, context, room).experts(bits));
    }

    /// Samples from noise.
    ///
    /// @throws java.util.concurrent.CancellationException when interrupted
    /// @throws dev.quantreel.engines.sampling.SamplingException when the model puts out NaN or infinities
    public FlowSampler.Sampled sample(SamplingListener listener) {
        TextModel.makeRoom(context);
        ExpertSampler sampler = new ExpertSampler(experts, settings.solver());
        return sampler.sample(noised.start(in.latent(), in.seed(), in.addNoise()), listener, context.cancellation());
    }

    /// What was sampled, as nodes hand it on.
    public Latent latent(FlowSampler.Sampled sampled) {
        return noised.end(
                sampled.latent(), in.latent(), in.model().facts().latent().space());
    }

    /// Steps, guidance and noise levels.
    public SamplerSettings settings() {
        return settings;
    }

    /// The models in the order in which the noise falls, bound to the prompts when they are opened. There are two where
    /// [SampleVideo.Inputs#lowNoise] names the second.
    public List<Expert> experts() {
        return experts;
    }

    /// Whether both branches of guidance run at some step.
    public boolean isGuided() {
        return experts.stream().anyMatch(expert -> expert.guidance().isGuided());
    }

    private static void requireFitting(Latent latent, DiffusionModel model) {
        TransformerFacts.Latent facts = model.facts().latent();
        Optional<LatentSpace> other = latent.space().filter(space -> space != facts.space());
        if (other.isPresent()) {
            throw new NodeInputException(
                    "latent",
                    "is one of " + other.get().title() + "; accepted is one of "
                            + facts.space().title() + ", which " + model.file().name() + " works in: connect the model"
                            + " to Empty Video Latent");
        }
        long channels = latent.samples().shape().dim(1);
        if (channels != facts.channels()) {
            throw new NodeInputException(
                    "latent",
                    "has " + channels + " channels; accepted are " + facts.channels() + ", those of "
                            + model.file().name());
        }
    }

    /// What was asked for; without it each model has its own.
    private static Optional<BitSchedule> bits(SampleVideo.Inputs in, int steps, NodeContext context) {
        if (in.bitSchedule().isEmpty()) {
            return Optional.empty();
        }
        boolean quantized = in.model().activations().isPresent()
                || in.lowNoise().flatMap(low -> low.model().activations()).isPresent();
        if (!quantized) {
            context.status("the bit schedule has no effect: the activations of this model are not quantized; add ARQ"
                    + " Activation");
        }
        BitSchedule schedule = in.bitSchedule().get().schedule();
        try {
            schedule.start(steps);
        } catch (IllegalArgumentException e) {
            throw new NodeInputException("bitSchedule", String.valueOf(e.getMessage()), e);
        }
        return Optional.of(schedule);
    }
}
