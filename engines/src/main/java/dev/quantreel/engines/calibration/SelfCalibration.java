package dev.quantreel.engines.calibration;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Statistics of a model's activations from its own full-precision generations out of noise.
///
/// Nothing runs before it is asked for. Largest values of all channels come from one pass over the trajectories; Gram
/// matrices (4 bytes times the square of the width: 9 MB at 1,536 channels, 321 MB at 8,960) of as many activations per
/// pass as the budget holds, in the order of the layers, those of the pass before being given up. A pass costs its
/// trajectories, and [#TOKENS_PER_RUN] times the square of the width in multiply-adds per activation and run of the
/// model. The noise being the same, every pass sees the same activations.
///
/// Not thread-safe. Engine and checkpoint must stay open while statistics are asked for.
public final class SelfCalibration implements ActivationStatistics {

    /// The most tokens of one activation that are taken of one run, spread evenly.
    public static final int TOKENS_PER_RUN = 1024;

    private final Model model;
    private final Trajectories trajectories;
    private final long budgetBytes;
    private Progress progress;
    private CancellationToken cancellation;
    private final List<Source> sources = new ArrayList<>();
    private final Map<String, Source> byLayer = new HashMap<>();
    private long nanos;
    private int passes;

    /// What is watched.
    ///
    /// @param layers that will be asked for; layers that read the activation of one of them are known as well
    public record Model(Engine engine, TransformerCheckpoint checkpoint, List<String> layers) {
        public Model {
            layers = List.copyOf(layers);
        }
    }

    /// Told after every step of a trajectory.
    @FunctionalInterface
    public interface Progress {
        /// Hears nothing.
        Progress NONE = (pass, done, total) -> {};

        /// @param pass over the trajectories, from 1
        /// @param done steps of this pass so far
        /// @param total steps of this pass
        void stepDone(int pass, int done, int total);
    }

    private SelfCalibration(
            Model model,
            Trajectories trajectories,
            long budgetBytes,
            Progress progress,
            CancellationToken cancellation) {
        this.model = model;
        this.trajectories = trajectories;
        this.budgetBytes = budgetBytes;
        this.progress = progress;
        this.cancellation = cancellation;
        List<List<String>> shared = SharedInputs.of(model.checkpoint);
        for (String layer : model.layers) {
            shared.stream()
                    .filter(readers -> readers.contains(layer) && !byLayer.containsKey(layer))
                    .forEach(readers -> {
                        Source source = new Source(sources.size(), layer);
                        sources.add(source);
                        readers.forEach(reader -> byLayer.put(reader, source));
                    });
        }
    }

    /// A quarter of the heap for Gram matrices.
    public static SelfCalibration of(
            Model model, Trajectories trajectories, Progress progress, CancellationToken cancellation) {
        return of(model, trajectories, Runtime.getRuntime().maxMemory() / 4, progress, cancellation);
    }

    /// @param budgetBytes of Gram matrices at a time; one is held in any case
    static SelfCalibration of(
            Model model,
            Trajectories trajectories,
            long budgetBytes,
            Progress progress,
            CancellationToken cancellation) {
        return new SelfCalibration(model, trajectories, budgetBytes, progress, cancellation);
    }

    /// Who hears of the passes to come, and who may stop them.
    public void attach(Progress newProgress, CancellationToken newCancellation) {
        progress = newProgress;
        cancellation = newCancellation;
    }

    /// Whether the budget holds all Gram matrices, so that one pass gives them; else [BlockCalibration] is faster.
    public boolean isOnePass() {
        return sources.stream().mapToLong(Source::gramBytes).sum() <= budgetBytes;
    }

    /// Bytes of the Gram matrices that are held.
    public long residentBytes() {
        return sources.stream()
                .filter(source -> source.gram.isPresent())
                .mapToLong(Source::gramBytes)
                .sum();
    }

    @Override
    public Optional<LayerStatistics> of(String layer) {
        return Optional.ofNullable(byLayer.get(layer));
    }

    /// Time spent in passes so far.
    public long nanos() {
        return nanos;
    }

    /// Passes over the trajectories so far.
    public int passes() {
        return passes;
    }

    /// Activations that are watched.
    public int inputs() {
        return sources.size();
    }

    /// One activation.
    private final class Source implements LayerStatistics {
        private final int index;
        private final String representative;
        private Optional<InputSums> sums = Optional.empty();
        private Optional<Matrix> gram = Optional.empty();

        Source(int index, String representative) {
            this.index = index;
            this.representative = representative;
        }

        @Override
        public long tokens() {
            return known().tokens();
        }

        @Override
        public float[] absMax() {
            return known().absMax().clone();
        }

        private InputSums known() {
            if (sums.isEmpty()) {
                pass(sources, List.of());
            }
            return sums.orElseThrow(() -> neverRan(representative));
        }

        @Override
        public Matrix gram() {
            if (gram.isEmpty()) {
                sources.forEach(source -> source.gram = Optional.empty());
                List<Source> batch = batchFrom(index);
                pass(sums.isEmpty() ? sources : batch, batch);
            }
            return gram.orElseThrow(() -> neverRan(representative)).copy();
        }

        private long gramBytes() {
            long width = model.checkpoint.shape(representative + ".weight").dim(1);
            return 4 * width * width;
        }
    }

    private static IllegalStateException neverRan(String layer) {
        return new IllegalStateException("layer " + layer + " was not run while the model was watched");
    }

    private List<Source> batchFrom(int index) {
        List<Source> batch = new ArrayList<>();
        long bytes = 0;
        for (int i = 0; i < sources.size(); i++) {
            Source source = sources.get((index + i) % sources.size());
            bytes += source.gramBytes();
            if (!batch.isEmpty() && bytes > budgetBytes) {
                break;
            }
            batch.add(source);
        }
        return batch;
    }

    /// Runs all trajectories once.
    private void pass(List<Source> watched, List<Source> withGram) {
        long start = System.nanoTime();
        passes++;
        ParallelPieces pieces = ParallelPieces.of(cancellation);
        Map<String, InputSums> running = new LinkedHashMap<>();
        watched.forEach(source -> running.put(source.representative, new InputSums(withGram.contains(source), pieces)));
        LayerProbe probe = new LayerProbe(
                watched.stream().map(source -> source.representative).collect(Collectors.toSet()), (layer, input) -> {
                    InputSums sums = running.get(layer);
                    if (sums != null) {
                        sums.add(input, TOKENS_PER_RUN);
                    }
                });
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                model.engine, model.checkpoint, new FloatLinears(new FloatWeights(model.checkpoint)), probe)) {
            for (int i = 0; i < trajectories.count(); i++) {
                generate(transformer, i);
            }
        }
        for (Source source : watched) {
            InputSums sums = running.get(source.representative);
            if (sums != null && sums.tokens() > 0) {
                source.gram = withGram.contains(source) ? Optional.of(sums.gram()) : source.gram;
                source.sums = Optional.of(sums);
            }
        }
        nanos += System.nanoTime() - start;
    }

    private void generate(DiffusionTransformer transformer, int index) {
        int steps = trajectories.settings().steps();
        SamplingListener listener = new SamplingListener() {
            @Override
            public void stepDone(int done, int total, Tensor preview) {
                progress.stepDone(passes, index * steps + done, trajectories.count() * steps);
            }
        };
        trajectories.generate(transformer, index, listener, cancellation);
    }
}
