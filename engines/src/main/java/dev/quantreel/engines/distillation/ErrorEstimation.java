package dev.quantreel.engines.distillation;

import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.lowrank.HalfPrecision;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Q-VDiT's estimate of the quantization error (TQE, equations 7 to 9) without training: beside each quantized linear
/// `y += M_frame (x·α) β`, the three solved by least squares on tokens of the model's own full-precision trajectories.
///
/// Every layer is run by itself on a sample of what it read, in full precision and as the plan has it; the difference
/// is what is fitted ([RankOneFit]). One token in four is set apart: a branch stays only where it lowers the error on
/// those. Layers are looked at in batches whose samples fit into a budget, each batch runs all trajectories.
public final class ErrorEstimation {

    /// One token in so many is set apart.
    private static final int PERIOD = 4;

    /// What is corrected.
    ///
    /// @param weights quantized from `checkpoint`
    /// @param beside branches that run already, such as LoRAs; those of the plan itself are added
    /// @param activationBits at which the error is measured
    public record Target(
            Engine engine,
            TransformerCheckpoint checkpoint,
            QuantizedWeights weights,
            LowRankBranches beside,
            int activationBits) {

        /// @param estimates run beside all else
        LinearLayers linears(LowRankBranches estimates) {
            return LowRankLinears.of(
                    QuantizedLinears.of(weights, QuantizedLinears.Arithmetic.INTEGER),
                    weights.branches().plus(beside).plus(estimates));
        }

        LinearLayers full() {
            return LowRankLinears.of(new FloatLinears(new FloatWeights(checkpoint)), beside);
        }
    }

    /// How it is estimated.
    ///
    /// @param tokensPerRun taken of each run of a layer, at most
    /// @param frameTurns in which factors of the frames are solved anew; 0 keeps those of [FrameStatistic], the
    /// paper's
    /// @param damping as a share of a channel's mean square; keeps α small where the sample says little
    /// @param budgetBytes of samples held at a time
    public record Options(int tokensPerRun, int frameTurns, double damping, long budgetBytes) {

        /// 24 tokens of a run, four turns, damping of 1 %, a quarter of the heap.
        public static final Options DEFAULTS =
                new Options(24, 4, 0.01, Runtime.getRuntime().maxMemory() / 4);

        public Options {
            if (tokensPerRun < 1 || frameTurns < 0 || !(damping >= 0) || damping > 1) {
                throw new IllegalArgumentException("tokens per run at least 1, frame turns at least 0, damping 0 to 1"
                        + " are accepted, got " + tokensPerRun + ", " + frameTurns + ", " + damping);
            }
        }
    }

    /// What came of one layer, on the tokens set apart; errors are relative, ‖Y − Ŷ‖₂ / ‖Y‖₂.
    ///
    /// @param before without the branch
    /// @param after with it
    /// @param isKept whether it lowers the error and stays
    /// @param frames the factors found
    public record Layer(String name, double before, double after, boolean isKept, FrameFactors frames) {

        /// The error that the layer ends up with.
        public double result() {
            return isKept ? after : before;
        }
    }

    /// @param branches to be run beside the layers
    /// @param layers all that were looked at
    public record Estimate(LowRankBranches branches, List<Layer> layers) {
        public Estimate {
            layers = List.copyOf(layers);
        }

        /// SHA-256 of the branches.
        public String digest() {
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                branches.byLayer()
                        .forEach((layer, beside) -> beside.forEach(branch -> {
                            String words = layer + branch.factor() + branch.basis() + branch.frames();
                            digest.update(words.getBytes(StandardCharsets.UTF_8));
                            digest.update(branch.down().data().asByteBuffer());
                            digest.update(branch.up().data().asByteBuffer());
                        }));
                return HexFormat.of().formatHex(digest.digest());
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java platform has SHA-256", e);
            }
        }
    }

    /// Told what is being done.
    @FunctionalInterface
    public interface Progress {
        /// @param what for people
        void report(String what, int done, int total);
    }

    private final Target target;
    private final Trajectories trajectories;
    private final Options options;
    private final Progress progress;
    private final CancellationToken cancellation;
    private final Map<String, List<LowRankBranch>> branches = new LinkedHashMap<>();
    private final List<Layer> figures = new ArrayList<>();

    private ErrorEstimation(
            Target target,
            Trajectories trajectories,
            Options options,
            Progress progress,
            CancellationToken cancellation) {
        this.target = target;
        this.trajectories = trajectories;
        this.options = options;
        this.progress = progress;
        this.cancellation = cancellation;
    }

    /// Estimates the error of every quantized layer.
    ///
    /// @throws IllegalStateException when the model puts out NaN or infinities
    /// @throws java.util.concurrent.CancellationException when `cancellation` asked to stop
    public static Estimate of(
            Target target,
            Trajectories trajectories,
            Options options,
            Progress progress,
            CancellationToken cancellation) {
        return new ErrorEstimation(target, trajectories, options, progress, cancellation).run();
    }

    private Estimate run() {
        List<String> layers = List.copyOf(target.weights.matrices().keySet());
        for (List<String> batch : batches(layers)) {
            Map<String, TokenSample> samples = sample(batch);
            for (String layer : batch) {
                cancellation.throwIfCancelled();
                progress.report("estimating the error of " + layer, figures.size(), layers.size());
                TokenSample sample = samples.remove(layer);
                if (sample == null) {
                    throw new IllegalStateException("layer " + layer + " was not run while the model was watched");
                }
                estimate(layer, sample);
            }
        }
        return new Estimate(LowRankBranches.of(branches), figures);
    }

    private List<List<String>> batches(List<String> layers) {
        long runs = 2L * trajectories.count() * trajectories.settings().steps();
        List<List<String>> batches = new ArrayList<>();
        long bytes = Long.MAX_VALUE;
        for (String layer : layers) {
            long columns = target.checkpoint.shape(layer + ".weight").dim(1);
            long own = 2 * 4 * runs * options.tokensPerRun * columns;
            if (bytes > options.budgetBytes - own) {
                batches.add(new ArrayList<>());
                bytes = 0;
            }
            batches.getLast().add(layer);
            bytes += own;
        }
        return batches;
    }

    private Map<String, TokenSample> sample(List<String> layers) {
        Map<String, TokenSample> samples = new HashMap<>();
        Map<String, Integer> runs = new HashMap<>();
        LayerProbe probe = new LayerProbe(Set.copyOf(layers), (layer, input) -> {
            int channels = Math.toIntExact(input.shape().dim(2));
            int frames = frames(input.shape().dim(1));
            samples.computeIfAbsent(layer, missing -> new TokenSample(channels, frames))
                    .take(input, options.tokensPerRun, runs.merge(layer, 1, Integer::sum));
        });
        try (DiffusionTransformer transformer =
                DiffusionTransformer.open(target.engine, target.checkpoint, target.full(), probe)) {
            int steps = trajectories.settings().steps();
            for (int i = 0; i < trajectories.count(); i++) {
                int before = i * steps;
                SamplingListener listener = new SamplingListener() {
                    @Override
                    public void stepDone(int done, int total, Tensor preview) {
                        progress.report("watching the model", before + done - 1, trajectories.count() * steps);
                    }
                };
                trajectories.generate(transformer, i, listener, cancellation);
            }
        }
        return samples;
    }

    /// Frames of an input; 0 where it does not hold the tokens of the clip and nothing else.
    private int frames(long tokens) {
        TransformerFacts.Patch patch = target.checkpoint.facts().latent().patch();
        int frames = Math.ceilDiv(dim(2), patch.frames());
        long clip = (long) frames * Math.ceilDiv(dim(3), patch.height()) * Math.ceilDiv(dim(4), patch.width());
        return tokens == clip && frames > 1 ? frames : 0;
    }

    private int dim(int axis) {
        return Math.toIntExact(trajectories.latent().dim(axis));
    }

    private void estimate(String layer, TokenSample sample) {
        TokenSample fitted = sample.part(PERIOD, false);
        TokenSample apart = sample.part(PERIOD, true);
        LayerOutputs outputs = new LayerOutputs(target.engine, target.activationBits, cancellation);
        float[] errors = difference(
                outputs.of(target.full(), layer, fitted),
                outputs.of(target.linears(LowRankBranches.NONE), layer, fitted));
        int width = errors.length / fitted.tokens();
        double[] start = FrameStatistic.of(target.weights, layer, fitted, target.activationBits);
        RankOneFit.Fit fit = RankOneFit.solve(
                new RankOneFit.Problem(fitted, width, errors, options.damping),
                start,
                options.frameTurns,
                ParallelPieces.of(cancellation));
        Optional<LowRankBranch> branch = branch(fit);
        float[] exact = outputs.of(target.full(), layer, apart);
        float[] quantized = outputs.of(target.linears(LowRankBranches.NONE), layer, apart);
        double before = relative(exact, quantized);
        double after = branch.map(own -> relative(
                        exact,
                        outputs.of(target.linears(LowRankBranches.of(Map.of(layer, List.of(own)))), layer, apart)))
                .orElse(before);
        boolean kept = branch.isPresent() && after < before;
        if (kept) {
            branches.put(layer, List.of(branch.get()));
        }
        figures.add(new Layer(layer, before, after, kept, fit.frames()));
    }

    /// In 16 bits; empty where there is nothing to correct.
    private static Optional<LowRankBranch> branch(RankOneFit.Fit fit) {
        HalfPrecision down = half(fit.alpha(), 1, fit.alpha().length);
        HalfPrecision up = half(fit.beta(), fit.beta().length, 1);
        float factor = down.factor() * up.factor();
        return Float.isFinite(factor)
                ? Optional.of(new LowRankBranch(
                        down.values(), up.values(), factor, LowRankBranch.Basis.ORIGINAL, fit.frames()))
                : Optional.empty();
    }

    private static HalfPrecision half(double[] vector, int rows, int columns) {
        float[] values = new float[vector.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) vector[i];
        }
        return HalfPrecision.of(Tensor.of(Shape.of(rows, columns), values));
    }

    private static float[] difference(float[] exact, float[] other) {
        float[] errors = exact.clone();
        for (int i = 0; i < errors.length; i++) {
            errors[i] -= other[i];
            if (!Float.isFinite(errors[i])) {
                throw new IllegalStateException("a layer puts out NaN or infinities on what the model makes itself");
            }
        }
        return errors;
    }

    private static double relative(float[] exact, float[] other) {
        double error = 0;
        double norm = 0;
        for (int i = 0; i < exact.length; i++) {
            error += ((double) exact[i] - other[i]) * ((double) exact[i] - other[i]);
            norm += (double) exact[i] * exact[i];
        }
        return norm > 0 ? Math.sqrt(error / norm) : 0;
    }
}
