package dev.quantreel.engines.evaluation;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.internal.kernel.ReductionKernels;
import dev.quantreel.engines.memory.ResidentMemory;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.sampling.Guidance;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.NonFinite;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A model of real size in one precision: how long it takes to load and to run, and how much memory. One per
/// process,
/// so that the peak of its memory is its own.
public final class ScaleBenchmark implements AutoCloseable {

    private static final float TIMESTEP = 731;

    private final Precision precision;
    private final DiffusionTransformer transformer;
    private final double loadSeconds;

    /// What weights and activations are. Weights are rounded by MinMax, which takes seconds where BGR takes a
    /// minute and
    /// leaves speed and memory the same.
    public enum Precision {
        FP32,
        W8A8,
        W4A8,
        W4A4;

        /// @throws IllegalArgumentException when there is none of this name; lists all
        public static Precision of(String name) {
            try {
                return valueOf(name.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("precision '" + name + "' is not one of " + List.of(values()), e);
            }
        }

        /// Empty for full precision.
        public Optional<QuantizationPlan> plan() {
            return switch (this) {
                case FP32 -> Optional.empty();
                case W8A8 -> Optional.of(QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 8));
                case W4A8, W4A4 -> Optional.of(QuantizationPlan.DVD_QUANT.withWeights(new WeightQuantizer.MinMax(), 4));
            };
        }

        /// 8 in full precision, where it has no effect.
        public int activationBits() {
            return this == W4A4 ? 4 : 8;
        }
    }

    /// Forward passes of one guidance branch, or steps of two, repeated.
    ///
    /// @param tokens of the picture
    /// @param seconds of each repetition
    /// @param cpuSeconds of all threads, of each repetition
    /// @param memory after the last one; its peak is that of the process
    public record Passes(int tokens, List<Double> seconds, List<Double> cpuSeconds, ResidentMemory memory) {
        public Passes {
            seconds = List.copyOf(seconds);
            cpuSeconds = List.copyOf(cpuSeconds);
        }

        /// The repetitions after the first, which makes what later ones find made.
        public Passes withoutFirst() {
            return new Passes(
                    tokens, seconds.subList(1, seconds.size()), cpuSeconds.subList(1, cpuSeconds.size()), memory);
        }
    }

    /// Guided steps whose branches run in one pass or one after the other, taken in turns so that other work on the
    /// machine meets both.
    ///
    /// @param batchedCpu CPU-seconds of each step in one pass
    /// @param serialCpu CPU-seconds of each step in two
    /// @param batchedPeakBytes of the process before it ran the first serial step
    public record GuidedSteps(List<Double> batchedCpu, List<Double> serialCpu, long batchedPeakBytes) {
        public GuidedSteps {
            batchedCpu = List.copyOf(batchedCpu);
            serialCpu = List.copyOf(serialCpu);
        }
    }

    private ScaleBenchmark(Precision precision, DiffusionTransformer transformer, double loadSeconds) {
        this.precision = precision;
        this.transformer = transformer;
        this.loadSeconds = loadSeconds;
    }

    /// Recognises, quantizes and opens a model.
    ///
    /// @param file stays open as long as this
    public static ScaleBenchmark open(
            Engine engine, CheckpointFile file, Precision precision, CancellationToken cancellation) {
        return open(engine, file, precision, Guidance.Passes.SERIAL, cancellation);
    }

    /// The same for branches of guidance that run so.
    public static ScaleBenchmark open(
            Engine engine,
            CheckpointFile file,
            Precision precision,
            Guidance.Passes passes,
            CancellationToken cancellation) {
        long start = System.nanoTime();
        TransformerCheckpoint checkpoint = TransformerCheckpoint.of(file);
        LinearLayers linears = precision
                .plan()
                .<LinearLayers>map(plan -> QuantizedLinears.of(
                        QuantizedWeights.of(
                                        checkpoint,
                                        plan,
                                        checkpoint.blockLinears(),
                                        QuantizationProgress.NONE,
                                        cancellation)
                                .withModulations(
                                        checkpoint.architecture().modulationLinears(),
                                        checkpoint.architecture()::modulationBits,
                                        ScaleBenchmark::inFile,
                                        QuantizationProgress.NONE,
                                        cancellation),
                        QuantizedLinears.Arithmetic.INTEGER))
                .orElseGet(() -> new FloatLinears(new FloatWeights(checkpoint)));
        DiffusionTransformer transformer =
                DiffusionTransformer.open(engine, checkpoint, linears, LayerProbe.NONE, passes);
        return new ScaleBenchmark(precision, transformer, (System.nanoTime() - start) / 1e9);
    }

    /// As models are held by nodes.
    private static QuantizedMatrix inFile(QuantizedMatrix matrix) {
        try {
            return matrix.inFile(Path.of(System.getProperty("java.io.tmpdir")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Quantizing and opening.
    public double loadSeconds() {
        return loadSeconds;
    }

    /// Runs the model on noise and a random prompt of full length, one branch of guidance.
    ///
    /// @param warmUps repetitions before those that count
    /// @throws IllegalStateException when the output is not finite, or nothing but zeros
    public Passes run(LatentSize size, int warmUps, int repetitions, CancellationToken cancellation) {
        BranchConditioning prompt = prompt(1);
        return run(
                transformer.bind(prompt, prompt),
                noise(size),
                List.of(Branch.CONDITIONAL),
                new Repetitions(warmUps, repetitions),
                cancellation);
    }

    /// Runs steps of classifier-free guidance, a positive and a negative prompt of full length each: two passes one
    /// after the other. The first repetition makes keys and values of the prompts.
    ///
    /// @throws IllegalStateException when the output is not finite, or nothing but zeros
    public Passes guidedSteps(LatentSize size, int repetitions, CancellationToken cancellation) {
        return run(
                transformer.bind(prompt(1), prompt(3)),
                noise(size),
                List.of(Branch.values()),
                new Repetitions(0, repetitions),
                cancellation);
    }

    private record Repetitions(int warmUps, int counted) {}

    private BranchConditioning prompt(long seed) {
        TransformerFacts.Text text = transformer.facts().text();
        return BranchConditioning.of(new PromptEmbedding(
                TorchNoise.gaussian(seed, Shape.of(1, text.length(), text.width())),
                text.length(),
                text.pooledWidth() == 0
                        ? Optional.empty()
                        : Optional.of(TorchNoise.gaussian(seed + 4, Shape.of(1, text.pooledWidth()))),
                Optional.empty()));
    }

    private Tensor noise(LatentSize size) {
        int channels = transformer.facts().latent().channels();
        return TorchNoise.gaussian(2, Shape.of(1, channels, size.frames(), size.height(), size.width()));
    }

    private Passes run(
            SplitModel model,
            Tensor latent,
            List<Branch> branches,
            Repetitions repetitions,
            CancellationToken cancellation) {
        List<Double> seconds = new ArrayList<>();
        List<Double> cpuSeconds = new ArrayList<>();
        int tokens = 0;
        for (int i = 0; i < repetitions.warmUps + repetitions.counted; i++) {
            long start = System.nanoTime();
            long cpuStart = cpuNanos();
            for (Branch branch : branches) {
                SplitModel.Prelude prelude = model.prelude(latent, TIMESTEP + i, branch, cancellation);
                tokens = Math.toIntExact(prelude.tokens().shape().dim(1));
                Tensor out = model.trunk(prelude, branch, precision.activationBits(), cancellation);
                requirePlausible(model.head(prelude, out, cancellation));
            }
            if (i >= repetitions.warmUps) {
                seconds.add((System.nanoTime() - start) / 1e9);
                cpuSeconds.add((cpuNanos() - cpuStart) / 1e9);
            }
        }
        return new Passes(tokens, seconds, cpuSeconds, ResidentMemory.now());
    }

    /// Runs guided steps on noise and random prompts of full length, one of each kind before those that count.
    ///
    /// @throws IllegalStateException when the output is not finite, or nothing but zeros
    public GuidedSteps guided(LatentSize size, int repetitions, CancellationToken cancellation) {
        Tensor latent = noise(size);
        SplitModel model = transformer.bind(prompt(1), prompt(3));
        SplitModel.JointTrunk joint = model.jointTrunk().orElseThrow(IllegalStateException::new);
        List<Double> batched = new ArrayList<>();
        List<Double> serial = new ArrayList<>();
        long peakBytes = 0;
        for (int i = 0; i <= repetitions; i++) {
            SplitModel.Prelude prelude = model.prelude(latent, TIMESTEP + i, Branch.CONDITIONAL, cancellation);
            double inOne = cpuSeconds(
                    () -> heads(model, prelude, joint.run(prelude, prelude, precision.activationBits(), cancellation)));
            if (i == 0) {
                peakBytes = ResidentMemory.now().peakBytes();
            }
            double inTwo = cpuSeconds(() -> heads(
                    model,
                    prelude,
                    new SplitModel.Both(
                            model.trunk(prelude, Branch.CONDITIONAL, precision.activationBits(), cancellation),
                            model.trunk(prelude, Branch.UNCONDITIONAL, precision.activationBits(), cancellation))));
            if (i > 0) {
                batched.add(inOne);
                serial.add(inTwo);
            }
        }
        return new GuidedSteps(batched, serial, peakBytes);
    }

    private static void heads(SplitModel model, SplitModel.Prelude prelude, SplitModel.Both tokens) {
        requirePlausible(model.head(prelude, tokens.conditional(), CancellationToken.NONE));
        requirePlausible(model.head(prelude, tokens.unconditional(), CancellationToken.NONE));
    }

    private static double cpuSeconds(Runnable work) {
        long start = cpuNanos();
        work.run();
        return (cpuNanos() - start) / 1e9;
    }

    private static void requirePlausible(Tensor velocity) {
        NonFinite.firstIn("prediction", velocity).ifPresent(found -> {
            throw new IllegalStateException("the model put out " + found.describe());
        });
        if (ReductionKernels.best().absMax(velocity.data()) == 0) {
            throw new IllegalStateException("the model put out nothing but zeros");
        }
    }

    private static long cpuNanos() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getProcessCpuTime()
                : 0;
    }

    @Override
    public void close() {
        transformer.close();
    }
}
