package dev.quantreel.engines.calibration;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.quant.ActivationStatistics;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Statistics as those of [SelfCalibration], for models whose Gram matrices do not fit in memory together: the
/// trajectories run once, block by block, and what enters the blocks is written to a folder; then each block runs over
/// all of it, when statistics of its layers are first asked for, and its sums are all that is held. Two passes whatever
/// the model, where [SelfCalibration] makes as many as its sums are larger than its budget.
///
/// What is done is kept: after a kill a calibration of the same folder and identity goes on behind the last trajectory
/// and the last block. Sums of a block are forgotten when those of the next one are whole: ask for the layers in the
/// order of the model, which the quantizers do; whoever goes back makes the blocks run from the first one again.
///
/// Not thread-safe. Engine and checkpoint must stay open while statistics are asked for.
public final class BlockCalibration implements ActivationStatistics {

    /// Tokens of an activation that are summed up over all runs, or [#TOKENS_PER_CHANNEL] times its channels where
    /// that is more: a Gram matrix wants several tokens per channel, and costs as much as the model at a
    /// thousand of each run.
    static final int TOKENS = 32_768;

    static final int TOKENS_PER_CHANNEL = 4;

    private static final String TRAJECTORY = "trajectory-";

    private final SelfCalibration.Model model;
    private final Trajectories trajectories;
    private final StatisticsStore store;
    private Options options;
    private final List<Source> sources = new ArrayList<>();
    private final Map<String, Source> byLayer = new HashMap<>();
    private Optional<BlockSums> sums = Optional.empty();

    /// How it is gathered.
    ///
    /// @param folder where everything is kept; made if it is missing
    /// @param identity equal where equal statistics come out: of checkpoint, prompts and settings, in any words
    /// @param budgetBytes of Gram matrices held at a time; one is held in any case
    public record Options(
            Path folder, String identity, long budgetBytes, Progress progress, CancellationToken cancellation) {}

    /// Told after every block of every run.
    @FunctionalInterface
    public interface Progress {
        /// Hears nothing.
        Progress NONE = (what, done, total) -> {};

        /// @param what is being done, for people
        /// @param done runs of a block that are behind, those of an earlier process included
        /// @param total of both passes
        void blockDone(String what, long done, long total);
    }

    private BlockCalibration(
            SelfCalibration.Model model, Trajectories trajectories, StatisticsStore store, Options options) {
        this.model = model;
        this.trajectories = trajectories;
        this.store = store;
        this.options = options;
        List<List<String>> shared = SharedInputs.of(model.checkpoint());
        for (String layer : model.layers()) {
            shared.stream()
                    .filter(readers -> readers.contains(layer) && !byLayer.containsKey(layer))
                    .forEach(readers -> {
                        Source source = new Source(layer);
                        sources.add(source);
                        readers.forEach(reader -> byLayer.put(reader, source));
                    });
        }
    }

    /// Nothing runs yet.
    ///
    /// @throws dev.quantreel.engines.tensor.CheckpointException when the folder holds statistics of something else
    public static BlockCalibration of(SelfCalibration.Model model, Trajectories trajectories, Options options) {
        String identity = options.identity + "\n" + trajectories.count() + " x "
                + trajectories.settings().steps() + " from " + trajectories.seed() + ", " + trajectories.latent()
                + "\n" + model.engine().id();
        return new BlockCalibration(model, trajectories, StatisticsStore.open(options.folder, identity), options);
    }

    /// Who hears of what is to come, and who may stop it.
    public void attach(Progress progress, CancellationToken cancellation) {
        options = new Options(options.folder, options.identity, options.budgetBytes, progress, cancellation);
        sums.ifPresent(own -> own.attach(options));
    }

    /// Forgets what a calibration left in a folder.
    public static void discard(Path folder) {
        StatisticsStore.discard(folder);
    }

    /// Bytes on the disk.
    public long storedBytes() {
        return store.bytes();
    }

    @Override
    public Optional<LayerStatistics> of(String layer) {
        return Optional.ofNullable(byLayer.get(layer));
    }

    /// One activation.
    private final class Source implements LayerStatistics {
        private final String representative;

        Source(String representative) {
            this.representative = representative;
        }

        @Override
        public long tokens() {
            return gathered().tokens(representative);
        }

        @Override
        public float[] absMax() {
            return gathered().absMax(representative);
        }

        @Override
        public Matrix gram() {
            return gathered().gram(representative);
        }

        private BlockSums gathered() {
            BlockSums known = sums();
            known.require(representative);
            return known;
        }
    }

    /// The trajectories behind, the blocks as far as they are.
    private BlockSums sums() {
        if (sums.isEmpty()) {
            try (Recording recording = new Recording()) {
                recording.run();
                sums = Optional.of(recording.sums());
            }
        }
        return sums.get();
    }

    /// The first pass.
    private final class Recording implements StagedEngine.Listener, AutoCloseable {
        private final StagedEngine engine = new StagedEngine(model.engine(), model.layers(), this);
        private final DiffusionTransformer transformer;
        private final List<RecordedRun> runs = new ArrayList<>();
        private final Map<Tensor, String> known = new IdentityHashMap<>();
        private long blocksDone;

        Recording() {
            LayerProbe watched = new LayerProbe(
                    sources.stream().map(source -> source.representative).collect(Collectors.toSet()),
                    (layer, input) -> {});
            transformer = DiffusionTransformer.open(
                    engine, model.checkpoint(), new FloatLinears(FloatWeights.evicting(model.checkpoint())), watched);
        }

        void run() {
            for (int i = 0; i < trajectories.count(); i++) {
                if (!store.hasLines(TRAJECTORY + i)) {
                    trajectories.generate(transformer, i, SamplingListener.NONE, options.cancellation);
                    store.putLines(TRAJECTORY + i, RecordedRun.lines(runs));
                }
                runs.clear();
                known.clear();
                blocksDone = (i + 1) * blocks() * runsPerTrajectory();
            }
        }

        BlockSums sums() {
            List<RecordedRun> all = new ArrayList<>();
            for (int i = 0; i < trajectories.count(); i++) {
                all.addAll(RecordedRun.of(store.lines(TRAJECTORY + i)));
            }
            return new BlockSums(new BlockSums.Task(model, engine, all, TOKENS, TOKENS_PER_CHANNEL), store, options);
        }

        @Override
        public void run(StagedEngine.Part part, Map<String, Tensor> inputs) {
            Map<String, String> kept = new HashMap<>();
            inputs.forEach((name, tensor) -> kept.put(name, known.computeIfAbsent(tensor, store::content)));
            runs.add(new RecordedRun(part, kept));
        }

        @Override
        public void blockDone() {
            blocksDone++;
            options.progress.blockDone(
                    "trajectories", blocksDone, 2 * blocks() * trajectories.count() * runsPerTrajectory());
        }

        private long blocks() {
            return model.checkpoint().facts().sizes().layers();
        }

        @Override
        public void close() {
            transformer.close();
        }
    }

    /// Runs of the blocks in one trajectory.
    private long runsPerTrajectory() {
        long branches = trajectories.settings().cfg() == 1 ? 1 : 2;
        return trajectories.settings().steps() * branches;
    }
}
