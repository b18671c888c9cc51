package dev.quantreel.engines.distillation;

import dev.quantreel.engines.calibration.Trajectories;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.StagedTrunk;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.dit.TransformerFacts;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.torch.Objective;
import dev.quantreel.engines.torch.TorchGraph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Q-VDiT's estimate of the quantization error, trained: from where [ErrorEstimation] solves it layer by layer, towards
/// what whole blocks put out in full precision, with the paper's temporal loss (equations 13 to 15 and 19).
///
/// A stage is some blocks. They read what the quantized model gives them, all stages before it trained, and learn to
/// put out what full precision does. Linears that read the text alone run before the blocks and keep what was solved.
/// The order of the examples depends on the seed alone, so that a training that was stopped and taken up again ends
/// where an uninterrupted one does.
public final class ErrorTraining {

    /// Every so many examples one is set apart.
    private static final int PERIOD = 8;

    /// Steps between two states on disk.
    private static final int SAVED = 25;

    /// @param steps of each stage
    /// @param rate of learning: the size of the first steps as a share of what is trained
    /// @param temporalWeight γ of [Objective]
    /// @param blocks trained at a time
    /// @param examples runs of the blocks that are held in memory, at most
    public record Options(int steps, double rate, double temporalWeight, int blocks, int examples) {

        /// 200 steps of 1 % at most, γ of the paper, one block at a time.
        public static final Options DEFAULTS = new Options(200, 0.01, 100, 1, 128);

        public Options {
            if (steps < 1 || !(rate > 0) || rate > 1 || blocks < 1 || examples < 1 || !(temporalWeight >= 0)) {
                throw new IllegalArgumentException("steps, blocks and examples at least 1, a learning rate above 0 up"
                        + " to 1 and a temporal weight of at least 0 are accepted, got " + steps + ", " + blocks + ", "
                        + examples + ", " + rate + ", " + temporalWeight);
            }
        }
    }

    /// What a stage came to, on examples that were not learned from: loss as [Objective] has it.
    ///
    /// @param blocks where it ends
    /// @param before with what was solved
    public record Stage(String blocks, double before, double after) {}

    /// A step of training.
    ///
    /// @param stage from 0
    /// @param error relative squared error of the blocks
    /// @param temporal temporal divergence
    /// @param apart loss of the examples apart; NaN where the other two are those of examples that are learned from
    public record Point(int stage, int step, double error, double temporal, double apart) {}

    /// What came of it.
    ///
    /// @param estimate takes the place of one that was solved; its layers' errors are those before training
    public record Training(ErrorEstimation.Estimate estimate, List<Stage> stages, List<Point> curve) {
        public Training {
            stages = List.copyOf(stages);
            curve = List.copyOf(curve);
        }
    }

    /// Told what is being done.
    public interface Listener extends ErrorEstimation.Progress {
        /// @param curve all steps so far
        default void learned(List<Point> curve) {}
    }

    /// What is trained, and from where.
    ///
    /// @param solving how the start is solved
    /// @param store where the state is kept; empty keeps none
    public record Task(
            ErrorEstimation.Target target,
            Trajectories trajectories,
            ErrorEstimation.Options solving,
            Optional<TrainingStore> store) {}

    private final Task task;
    private final Options options;
    private final Listener listener;
    private final CancellationToken cancellation;

    private ErrorTraining(Task task, Options options, Listener listener, CancellationToken cancellation) {
        this.task = task;
        this.options = options;
        this.listener = listener;
        this.cancellation = cancellation;
    }

    /// Trains, or goes on where the stored state is.
    ///
    /// @throws TrainingStore.StateException when the stored state does not belong to this training
    /// @throws IllegalStateException when PyTorch is not installed, or something is not finite
    /// @throws java.util.concurrent.CancellationException when `cancellation` asked to stop
    public static Training of(Task task, Options options, Listener listener, CancellationToken cancellation) {
        return new ErrorTraining(task, options, listener, cancellation).run();
    }

    private Training run() {
        Optional<TrainingState> stored = task.store.flatMap(TrainingStore::load);
        TrainingState state = stored.orElseGet(this::solved);
        stored.ifPresentOrElse(known -> listener.learned(known.history().curve()), () -> save(state));
        Map<String, Estimator> estimators = estimators(state.values());
        LowRankBranches begin = branches(estimators);
        TrainingExamples examples = TrainingExamples.of(
                task.target,
                begin,
                task.trajectories,
                options.examples,
                new TrainingExamples.Watching(listener, cancellation));
        TrainingState end = stages(state, estimators, examples);
        ErrorEstimation.Estimate estimate = new ErrorEstimation.Estimate(
                branches(estimators(end.values())), end.history().layers());
        return new Training(estimate, end.history().stages(), end.history().curve());
    }

    private TrainingState solved() {
        ErrorEstimation.Estimate estimate =
                ErrorEstimation.of(task.target, task.trajectories, task.solving, listener, cancellation);
        Map<String, float[]> values = new LinkedHashMap<>();
        for (ErrorEstimation.Layer layer : estimate.layers()) {
            List<LowRankBranch> beside = estimate.branches().of(layer.name());
            Shape shape = task.target.checkpoint().shape(layer.name() + ".weight");
            Estimator start = beside.isEmpty()
                    ? Estimator.unsolved(
                            Math.toIntExact(shape.dim(1)),
                            Math.toIntExact(shape.dim(0)),
                            layer.frames(),
                            task.trajectories.seed() + values.size())
                    : Estimator.of(beside.getFirst());
            start.parts().forEach((part, array) -> values.put(part.of(layer.name()), array));
        }
        return TrainingState.before(
                0, values, scales(values), new TrainingState.History(estimate.layers(), List.of(), List.of()));
    }

    /// What a step of training is a share of, from the start of all layers.
    private Map<String, Float> scales(Map<String, float[]> values) {
        Map<String, Float> scales = new LinkedHashMap<>();
        estimators(values).forEach((layer, estimator) -> estimator
                .scales(task.target.checkpoint().tensor(layer + ".weight"))
                .forEach((part, scale) -> scales.put(part.of(layer), scale.floatValue())));
        return scales;
    }

    private Map<String, Estimator> estimators(Map<String, float[]> values) {
        Map<String, Estimator> estimators = new LinkedHashMap<>();
        for (String layer : task.target.weights().matrices().keySet()) {
            float[] alpha = values.get(Estimator.Part.ALPHA.of(layer));
            float[] beta = values.get(Estimator.Part.BETA.of(layer));
            if (alpha != null && beta != null) {
                float[] frames = values.getOrDefault(Estimator.Part.FRAMES.of(layer), new float[0]);
                estimators.put(layer, new Estimator(alpha, beta, frames));
            }
        }
        return estimators;
    }

    private static LowRankBranches branches(Map<String, Estimator> estimators) {
        Map<String, List<LowRankBranch>> branches = new LinkedHashMap<>();
        estimators.forEach((layer, estimator) ->
                estimator.branch(layer).ifPresent(branch -> branches.put(layer, List.of(branch))));
        return LowRankBranches.of(branches);
    }

    private TrainingState stages(TrainingState state, Map<String, Estimator> estimators, TrainingExamples examples) {
        OnnxModel full = trunk(task.target.full(), Dialect.ONNX_RUNTIME);
        BlockChain reference = new BlockChain(full, examples.full());
        BlockChain quantized = new BlockChain(
                trunk(linears(Arithmetic.INTEGER, estimators), Dialect.ONNX_RUNTIME), examples.quantized());
        BlockChain learning = new BlockChain(
                trunk(linears(Arithmetic.FAKE_QUANT, estimators), Dialect.STANDARD), examples.quantized());
        List<Optional<String>> ends =
                StagedTrunk.ends(full, task.target.checkpoint().blockLinears(), options.blocks);
        TrainingState now = state;
        for (int stage = 0; stage < ends.size(); stage++) {
            Optional<String> end = ends.get(stage);
            StagedTrunk.Stage exact = reference.trunk().stage(end);
            List<List<Tensor>> wanted = reference.run(exact, Map.of(), task.target.engine(), cancellation);
            StagedTrunk.Stage taught = learning.trunk().stage(end);
            StagedTrunk.Stage run = quantized.trunk().stage(end);
            requireAlike(exact, taught, run);
            if (stage >= now.stage()) {
                now = trained(now, taught, new Lesson(learning.states(), wanted, end, ends.size()));
            }
            Map<String, Tensor> parameters = new LinkedHashMap<>();
            estimators(rounded(now.values())).forEach((layer, own) -> parameters.putAll(own.tensors(layer)));
            List<List<Tensor>> reached = quantized.run(run, parameters, task.target.engine(), cancellation);
            if (end.isPresent()) {
                reference.advance(exact, wanted);
                learning.advance(taught, reached);
                quantized.advance(run, reached);
            }
        }
        return now;
    }

    private static void requireAlike(StagedTrunk.Stage... versions) {
        for (StagedTrunk.Stage version : versions) {
            if (version.outputs().size() != versions[0].outputs().size()) {
                throw new IllegalStateException("the same blocks put out " + versions[0].outputs() + " and "
                        + version.outputs() + "; train all blocks at once");
            }
        }
    }

    /// What a stage learns from.
    ///
    /// @param inputs of its graph, per example
    /// @param wanted outputs in full precision
    private record Lesson(
            List<Map<String, Tensor>> inputs, List<List<Tensor>> wanted, Optional<String> end, int stages) {}

    private static Map<String, Tensor> named(StagedTrunk.Stage stage, List<Tensor> values) {
        Map<String, Tensor> named = new LinkedHashMap<>();
        for (int i = 0; i < values.size(); i++) {
            named.put(stage.outputs().get(i), values.get(i));
        }
        return named;
    }

    /// As the values will be stored, in 16 bits.
    private Map<String, float[]> rounded(Map<String, float[]> values) {
        Map<String, float[]> rounded = new LinkedHashMap<>(values);
        estimators(values).forEach((layer, estimator) -> estimator
                .branch(layer)
                .map(Estimator::of)
                .ifPresent(own -> own.parts().forEach((part, array) -> rounded.put(part.of(layer), array))));
        return rounded;
    }

    private LinearLayers linears(Arithmetic arithmetic, Map<String, Estimator> estimators) {
        ErrorEstimation.Target target = task.target;
        LinearLayers plain = LowRankLinears.of(
                QuantizedLinears.fixed(target.weights(), arithmetic, target.activationBits()),
                target.weights().branches().plus(target.beside()));
        return new EstimatorLinears(plain, estimators);
    }

    private OnnxModel trunk(LinearLayers linears, Dialect dialect) {
        return task.target
                .checkpoint()
                .graphs(linears, new TransformerCheckpoint.Options(dialect, Set.of()))
                .trunk();
    }

    private TrainingState trained(TrainingState state, StagedTrunk.Stage stage, Lesson lesson) {
        Map<String, BlockTraining.Parameter> parameters = parameters(state, stage);
        String name = lesson.end.orElse("the last blocks");
        if (parameters.isEmpty()) {
            return next(state, new Stage(name, 0, 0), Map.of());
        }
        List<TorchGraph.Example> learned = new ArrayList<>();
        List<TorchGraph.Example> apart = new ArrayList<>();
        for (int i = 0; i < lesson.inputs.size(); i++) {
            boolean isApart = i % PERIOD == PERIOD - 1 || lesson.inputs.size() < PERIOD && i == 0;
            (isApart ? apart : learned).add(example(stage, lesson.inputs.get(i), lesson.wanted.get(i)));
        }
        Objective objective = new Objective(options.temporalWeight, clip(stage, lesson));
        try (TorchGraph graph = TorchGraph.open(task.target.engine(), stage.model())) {
            BlockTraining training = new BlockTraining(
                    graph,
                    learned.isEmpty() ? apart : learned,
                    apart,
                    parameters,
                    new BlockTraining.Schedule(
                            options.steps, options.rate, objective, task.trajectories.seed() + state.stage()));
            TrainingState end = training.run(state, now -> report(now, name, lesson.stages), cancellation);
            return next(end, new Stage(name, end.start(), end.bestLoss()), end.best());
        }
    }

    private void report(TrainingState state, String name, int stages) {
        Point last = state.history().curve().getLast();
        listener.report(
                String.format(Locale.ROOT, "training up to %s, error %.5f, step", name, last.error()),
                state.stage() * options.steps + state.step() - 1,
                stages * options.steps);
        listener.learned(state.history().curve());
        if (state.step() % SAVED == 0) {
            save(state);
        }
    }

    /// The next stage, with what was best in this one.
    private TrainingState next(TrainingState state, Stage result, Map<String, float[]> best) {
        Map<String, float[]> values = new LinkedHashMap<>(state.values());
        values.putAll(best);
        List<Stage> stages = new ArrayList<>(state.history().stages());
        stages.add(result);
        TrainingState next = TrainingState.before(
                state.stage() + 1,
                values,
                state.scales(),
                new TrainingState.History(
                        state.history().layers(), stages, state.history().curve()));
        save(next);
        return next;
    }

    private void save(TrainingState state) {
        task.store.ifPresent(store -> store.save(state));
    }

    /// Inputs of a stage that are estimates, with what a step of training is a share of.
    private Map<String, BlockTraining.Parameter> parameters(TrainingState state, StagedTrunk.Stage stage) {
        Set<String> inputs = Set.copyOf(stage.model().proto().getGraph().getInputList().stream()
                .map(ValueInfoProto::getName)
                .toList());
        Map<String, BlockTraining.Parameter> parameters = new LinkedHashMap<>();
        estimators(state.values()).forEach((layer, estimator) -> {
            estimator.tensors(layer).forEach((name, tensor) -> {
                if (inputs.contains(name)) {
                    float scale = state.scales().getOrDefault(name, 1f);
                    parameters.put(name, new BlockTraining.Parameter(tensor.shape(), scale));
                }
            });
        });
        return parameters;
    }

    private static TorchGraph.Example example(StagedTrunk.Stage stage, Map<String, Tensor> state, List<Tensor> wanted) {
        Map<String, Tensor> inputs = new LinkedHashMap<>(state);
        inputs.keySet()
                .retainAll(stage.model().proto().getGraph().getInputList().stream()
                        .map(ValueInfoProto::getName)
                        .toList());
        Map<String, Tensor> targets = new LinkedHashMap<>();
        named(stage, wanted).forEach((name, tensor) -> {
            if (tensor.dtype() == DType.F32) {
                targets.put(name, tensor);
            }
        });
        return new TorchGraph.Example(inputs, targets);
    }

    /// The output that holds the tokens of the clip.
    private Optional<Objective.Clip> clip(StagedTrunk.Stage stage, Lesson lesson) {
        TransformerFacts.Latent latent = task.target.checkpoint().facts().latent();
        int frames = Math.ceilDiv(dim(2), latent.patch().frames());
        long cells = (long) Math.ceilDiv(dim(3), latent.patch().height())
                * Math.ceilDiv(dim(4), latent.patch().width());
        List<Tensor> wanted = lesson.wanted.getFirst();
        for (int i = 0; i < wanted.size() && frames > 1; i++) {
            Shape shape = wanted.get(i).shape();
            if (wanted.get(i).dtype() == DType.F32 && shape.rank() == 3 && shape.dim(1) == frames * cells) {
                return Optional.of(new Objective.Clip(stage.outputs().get(i), frames));
            }
        }
        return Optional.empty();
    }

    private int dim(int axis) {
        return Math.toIntExact(task.trajectories.latent().dim(axis));
    }
}
