package dev.quantreel.nodes.report;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.SigmaSchedule;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.nodes.sampling.PaddedText;
import dev.quantreel.nodes.spi.NodeContext;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.ModelAssembly;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A few hundred tokens of what each layer reads, picked evenly from every pass of the model. Not thread-safe.
final class LayerInputs {

    private static final int TOKENS_PER_PASS = 32;
    private static final int TOKENS_PER_LAYER = 128;

    private static final Shape SMALL = Shape.of(1, 16, 4, 8, 8);
    private static final double SHIFT = 3;

    private final int tokensPerVideo;
    private final int tokensPerPass;
    private int videos;
    private final Map<String, float[]> values = new LinkedHashMap<>();
    private final Map<String, Integer> channels = new LinkedHashMap<>();

    /// @param run whose videos and steps share the tokens
    private LayerInputs(Run run) {
        tokensPerVideo = Math.max(1, TOKENS_PER_LAYER / run.videos().size());
        tokensPerPass = Math.min(TOKENS_PER_PASS, Math.ceilDiv(tokensPerVideo, run.steps()));
    }

    /// Generations in full precision.
    ///
    /// @param model its plan is left aside
    /// @param videos at least one
    /// @param latent size of the videos; a small one where empty
    record Run(DiffusionModel model, List<Video> videos, Optional<Latent> latent, int steps) {
        Run {
            videos = List.copyOf(videos);
        }
    }

    /// A prompt and its noise.
    record Video(Conditioning positive, long seed) {}

    /// Runs the full-precision model and keeps what layers read, of each video as much.
    ///
    /// @throws java.util.concurrent.CancellationException when interrupted
    /// @throws Exception when file or engine cannot be opened
    static LayerInputs recorded(Run run, Set<String> layers, NodeContext context) throws Exception {
        DiffusionModel model = DiffusionModel.fullPrecision(
                        run.model().file(), run.model().architecture())
                .with(run.model().execution());
        Engine engine = model.execution().engine().open(context);
        LayerInputs recorded = new LayerInputs(run);
        LayerProbe probe = new LayerProbe(layers, recorded::observe);
        ModelAssembly.Weights weights = ModelAssembly.weights(model, context);
        try (DiffusionTransformer transformer = ModelAssembly.transformer(model, weights, engine, probe)) {
            SamplerSettings settings = new SamplerSettings(run.steps(), 1, new SigmaSchedule.Linear(SHIFT));
            for (Video video : run.videos()) {
                BranchConditioning text = new PaddedText(model.facts(), context).of("positive", video.positive());
                FlowSampler sampler =
                        new FlowSampler(transformer.bind(text, text), settings, new Constant(8), new StepCache.None());
                context.status("running " + run.steps() + " full-precision steps to record what the layers read");
                Tensor noise = TorchNoise.gaussian(
                        video.seed(),
                        run.latent().map(latent -> latent.samples().shape()).orElse(SMALL));
                recorded.videos++;
                sampler.sample(noise, SamplingListener.NONE, context.cancellation());
            }
        }
        return recorded;
    }

    /// @param input F32 `[1, tokens, channels]`
    private void observe(String layer, Tensor input) {
        int tokens = Math.toIntExact(input.shape().dim(1));
        int width = Math.toIntExact(input.shape().dim(2));
        float[] known = values.getOrDefault(layer, new float[0]);
        int room = videos * tokensPerVideo - known.length / width;
        int taken = Math.min(room, Math.min(tokens, tokensPerPass));
        if (taken <= 0) {
            return;
        }
        float[] all = input.toFloatArray();
        float[] extended = Arrays.copyOf(known, known.length + taken * width);
        for (int i = 0; i < taken; i++) {
            int token = (int) ((long) i * tokens / taken);
            System.arraycopy(all, token * width, extended, known.length + i * width, width);
        }
        values.put(layer, extended);
        channels.put(layer, width);
    }

    /// What a layer read.
    ///
    /// @throws IllegalStateException when it never ran
    ActivationMatrix of(String layer) {
        float[] recorded = values.get(layer);
        Integer width = channels.get(layer);
        if (recorded == null || width == null) {
            throw new IllegalStateException("layer " + layer + " was not run while its inputs were recorded");
        }
        return ActivationMatrix.of(width, recorded);
    }
}
