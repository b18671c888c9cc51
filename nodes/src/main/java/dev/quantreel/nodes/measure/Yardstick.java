package dev.quantreel.nodes.measure;

import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.metrics.ClipFigures;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.metrics.LatentStatistics;
import dev.quantreel.engines.metrics.VideoComparison;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.Trajectory;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.vae.VaeDecoder;
import dev.quantreel.engines.vae.VaeFeatures;
import dev.quantreel.engines.vbench.VBenchDimension;
import dev.quantreel.engines.vbench.VBenchScores;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.sampling.Generation;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.ModelAssembly;
import dev.quantreel.nodes.values.TileCheck;
import dev.quantreel.nodes.values.VideoDecoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One full-precision generation that others are measured against. The reference runs when the first measurement asks
/// for it. Not thread-safe.
public final class Yardstick {

    private final Scene scene;
    private final Candidate reference;
    private final Optional<VideoDecoder> vae;
    private final VBenchNetworks networks;
    private final NodeContext context;
    private Optional<Reference> measured = Optional.empty();

    /// @param reference usually [Candidate#fullPrecision]
    /// @param vae decodes the clips; without it there are no figures of pictures
    public Yardstick(Scene scene, Candidate reference, Optional<VideoDecoder> vae, NodeContext context) {
        this(scene, reference, vae, VBenchNetworks.NONE, context);
    }

    /// @param reference usually [Candidate#fullPrecision]
    /// @param vae decodes the clips; without it there are no figures of pictures
    /// @param networks by which the decoded clips are scored, too
    public Yardstick(
            Scene scene,
            Candidate reference,
            Optional<VideoDecoder> vae,
            VBenchNetworks networks,
            NodeContext context) {
        this.scene = scene;
        this.reference = reference;
        this.vae = vae;
        this.networks = networks;
        this.context = context;
    }

    /// @param guided the trajectory of the generation
    /// @param conditional the same latents with the output of one conditional pass
    private record Reference(Trajectory guided, Trajectory conditional, Tensor latent, Optional<Decoded> decoded) {
        Optional<Frames> clip() {
            return decoded.map(Decoded::clip);
        }

        /// The latent after a step.
        Tensor after(int step) {
            return step < guided.points().size() ? guided.points().get(step).latent() : latent;
        }
    }

    /// @param figures of the clip by itself
    private record Decoded(Frames clip, ClipFigures figures) {}

    /// A measured generation.
    ///
    /// @param clip the decoded video, where there is a decoder
    public record Measured(Figures figures, Optional<Frames> clip) {}

    /// Equal where measuring the candidate gives the same, but for time; the same in every process.
    public String key(Candidate candidate) {
        Fingerprint fingerprint = new Fingerprint().add("v3");
        scene.addTo(fingerprint);
        reference.addTo(fingerprint);
        candidate.addTo(fingerprint);
        if (!networks.files().isEmpty()) {
            fingerprint.add(networks.fingerprint());
        }
        return fingerprint
                .add(vae.map(decoder -> decoder.file().digest()).orElse("-"))
                .hex();
    }

    /// Refuses what cannot be measured on this scene against this reference, before anything runs.
    ///
    /// @param port the input that the candidate came through
    /// @throws NodeInputException naming the candidate and what would be accepted
    public void require(String port, Candidate candidate) {
        TransformerFacts own = reference.model().facts();
        for (DiffusionModel model : candidate.models()) {
            if (!model.facts().sharesGenerationsWith(own)) {
                throw new NodeInputException(
                        port,
                        "holds '" + candidate.name() + "', which runs "
                                + model.file().name() + ", "
                                + model.facts().variant() + ", while everything is measured against "
                                + reference.model().file().name() + ", " + own.variant()
                                + "; accepted are models of one family that sample the same latents");
            }
        }
        boolean byBlock = candidate
                .bits()
                .flatMap(plan -> plan.schedule().startByBlock(scene.sampler().steps(), true))
                .isPresent();
        long quantized = candidate.models().stream()
                .filter(model -> model.activations().isPresent())
                .count();
        if (byBlock && quantized == 1 && candidate.models().size() > 1) {
            throw new NodeInputException(
                    port,
                    "holds '" + candidate.name() + "', whose bits differ by block while the activations of one of its"
                            + " two experts are not quantized; accepted are both quantized, or bits by step");
        }
    }

    /// Runs the reference if it has not run. Its model stays open; [#releaseReference] closes it.
    ///
    /// @param listener hears its steps
    /// @throws Exception as Sample Video
    public void prepare(SamplingListener listener) throws Exception {
        if (measured.isEmpty()) {
            measured = Optional.of(run(listener));
        }
    }

    /// Whether the reference has run.
    public boolean isPrepared() {
        return measured.isPresent();
    }

    /// Forgets what the reference gave, which is large.
    public void forget() {
        measured = Optional.empty();
    }

    /// Closes the reference's model.
    ///
    /// @throws Exception when its engine is not available
    public void releaseReference() throws Exception {
        for (DiffusionModel model : reference.models()) {
            ModelAssembly.release(model, context);
        }
    }

    /// The reference's clip, where there is a decoder.
    ///
    /// @throws IllegalStateException before [#prepare]
    public Optional<Frames> referenceClip() {
        return reference().clip();
    }

    private Reference reference() {
        return measured.orElseThrow(() -> new IllegalStateException("the reference has not run"));
    }

    private Reference run(SamplingListener listener) throws Exception {
        Generation generation = Generation.of(scene.by(reference), context);
        Trajectory.Recorder recorder = new Trajectory.Recorder(listener);
        FlowSampler.Sampled sampled = generation.sample(recorder);
        Trajectory guided = recorder.trajectory(generation.settings());
        Trajectory conditional =
                generation.isGuided() ? guided.withGuidance(generation.experts(), 1, context.cancellation()) : guided;
        Optional<Decoded> decoded = decoded(sampled.latent()).map(clip -> new Decoded(clip, ClipFigures.of(clip)));
        return new Reference(guided, conditional, sampled.latent(), decoded);
    }

    /// Runs a candidate on the same scene. Its model stays open; [#release] closes it.
    ///
    /// @param listener hears its steps
    /// @throws Exception as Sample Video
    public Measured measure(Candidate candidate, SamplingListener listener) throws Exception {
        prepare(listener);
        Generation generation = Generation.of(scene.by(candidate), context);
        Trajectory.Recorder recorder = new Trajectory.Recorder(listener);
        FlowSampler.Sampled sampled = generation.sample(recorder);
        Weighed weighed = new Weighed(candidate, generation.experts(), context);
        Trajectory.Deviation deviation = reference()
                .conditional()
                .deviationOf(weighed.experts(sampled.trace().replay()), context.cancellation());
        Trajectory own = recorder.trajectory(generation.settings());
        Optional<Frames> clip = decoded(sampled.latent());
        List<Tensor> latents = latents(own, sampled.latent());
        Figures.Errors errors = new Figures.Errors(
                deviation.relativeL2(), deviation.relativeL1(), deviation.cosine(), freeRunning(latents));
        Figures.Clip compared = clip.isPresent() ? compared(clip.get()) : Figures.Clip.NONE;
        return new Measured(new Figures(errors, statistics(latents), compared, weighed.cost(sampled.trace())), clip);
    }

    /// Relative L2 error of a candidate's output at each of the reference's latents, one conditional pass each;
    /// nothing is generated. Its model stays open; [#release] closes it.
    ///
    /// @throws Exception as Sample Video
    public List<Double> teacherForced(Candidate candidate) throws Exception {
        prepare(SamplingListener.NONE);
        Generation generation = Generation.of(scene.by(candidate), context);
        return reference()
                .conditional()
                .deviationOf(generation.experts(), context.cancellation())
                .relativeL2();
    }

    /// Closes the candidate's models and their weights, but for those that the next one uses.
    ///
    /// @throws Exception when an engine is not available
    public void release(Candidate candidate, Optional<Candidate> next) throws Exception {
        for (DiffusionModel model : next.map(candidate::modelsBeside).orElseGet(candidate::models)) {
            ModelAssembly.release(model, context);
        }
    }

    /// After every step.
    private static List<Tensor> latents(Trajectory own, Tensor last) {
        List<Tensor> latents = new ArrayList<>();
        own.points().stream().skip(1).forEach(point -> latents.add(point.latent()));
        latents.add(last);
        return latents;
    }

    private List<Double> freeRunning(List<Tensor> latents) {
        List<Double> distances = new ArrayList<>();
        for (int step = 1; step <= latents.size(); step++) {
            distances.add(
                    LatentMetrics.relativeL2(latents.get(step - 1), reference().after(step)));
        }
        return distances;
    }

    private Figures.Latents statistics(List<Tensor> latents) {
        List<Double> shifts = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        long notFinite = 0;
        for (int step = 1; step <= latents.size(); step++) {
            LatentStatistics own = LatentStatistics.of(latents.get(step - 1));
            LatentStatistics ideal = LatentStatistics.of(reference().after(step));
            shifts.add((own.mean() - ideal.mean()) / ideal.std());
            ratios.add(own.std() / ideal.std());
            notFinite = own.notFinite();
        }
        return new Figures.Latents(shifts, ratios, notFinite);
    }

    private Optional<Frames> decoded(Tensor latent) throws Exception {
        if (vae.isEmpty()) {
            return Optional.empty();
        }
        VaeDecoder decoder = vae.get().open(context);
        return Optional.of(decoder.decode(latent, context.cancellation()));
    }

    private Figures.Clip compared(Frames clip) throws Exception {
        Decoded ideal = reference().decoded().orElseThrow();
        VideoComparison figures = VideoComparison.of(ideal.clip(), ideal.figures(), clip);
        return new Figures.Clip(
                new Figures.Fidelity(
                        figures.psnr().ofFrames(),
                        figures.psnr().ofClip(),
                        figures.ssim().mean(),
                        figures.multiScaleSsim(),
                        figures.gradientDeviation(),
                        figures.labDistance(),
                        featureDistance(ideal.clip(), clip)),
                new Figures.Time(
                        figures.frameDifferencePsnr(),
                        figures.flickerDelta(),
                        figures.maintenanceDivergence(),
                        figures.consistencyDelta(),
                        figures.flowDelta(),
                        figures.warpingRatio()),
                new Figures.Collapse(
                        figures.highFrequencyRatio(),
                        figures.spectrumSlopeDelta(),
                        figures.colourDistance(),
                        figures.test().notFinite()),
                scores(clip));
    }

    private double featureDistance(Frames ideal, Frames clip) throws Exception {
        return vae.isEmpty()
                ? Double.NaN
                : vae.get()
                        .featureDistance(ideal, clip, new TileCheck.Ports("latent", ""), context)
                        .map(VaeFeatures.Distance::mean)
                        .orElse(Double.NaN);
    }

    private Map<VBenchDimension, Double> scores(Frames clip) throws IOException {
        if (networks.measurable().isEmpty()) {
            return Map.of();
        }
        context.status("measuring by VBench's networks, " + clip.count() + " frames");
        return VBenchScores.of(clip, networks.files(), context.cancellation()).scores();
    }
}
