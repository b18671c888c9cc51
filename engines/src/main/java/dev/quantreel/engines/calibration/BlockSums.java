package dev.quantreel.engines.calibration;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.dit.SplitGraphs;
import dev.quantreel.engines.dit.StagedTrunk;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/// The second pass of a [BlockCalibration]: blocks one after the other over everything that was recorded. Not
/// thread-safe.
final class BlockSums {

    private static final String SUMS = "sums-";
    private static final String OF_TEXT = "text-sums-";
    private static final String LAYER = "layer ";
    private static final String STAGE = "stage-";
    private static final String STATE = "state-";
    private static final String GRAM = "gram";
    private static final String LARGEST = "largest";
    private static final String TOKENS = "tokens";

    private final Task task;
    private final StatisticsStore store;
    private BlockCalibration.Options options;
    private final List<RecordedRun> runs;
    private final Optional<OnnxModel> text;
    private final OnnxModel trunk;
    private final List<Optional<String>> ends;
    private StagedTrunk chain;
    private Set<String> reads = Set.of();
    private int behind;

    /// What is run.
    ///
    /// @param engine keeps the graphs
    /// @param runs of all trajectories
    /// @param tokens of an activation that are taken, or `tokensPerChannel` times its channels where that is more
    record Task(
            SelfCalibration.Model model,
            StagedEngine engine,
            List<RecordedRun> runs,
            int tokens,
            int tokensPerChannel) {}

    BlockSums(Task task, StatisticsStore store, BlockCalibration.Options options) {
        this.task = task;
        this.store = store;
        this.options = options;
        this.runs = task.runs.stream()
                .filter(run -> run.part() == StagedEngine.Part.TRUNK)
                .toList();
        this.text = task.engine.model(StagedEngine.Part.TEXT);
        this.trunk = task.engine.model(StagedEngine.Part.TRUNK).orElseThrow();
        this.ends = StagedTrunk.ends(trunk, task.model.layers(), 1);
        this.chain = new StagedTrunk(trunk);
        resume();
    }

    void attach(BlockCalibration.Options others) {
        options = others;
    }

    /// Goes behind the blocks that an earlier process finished.
    private void resume() {
        while (behind < ends.size() && store.hasLines(STAGE + behind)) {
            if (behind < ends.size() - 1) {
                chain.advance(chain.stage(ends.get(behind)), types(store.lines(STAGE + behind)));
            }
            behind++;
        }
    }

    /// Sees to it that the sums of an activation are in the store.
    ///
    /// @param layer that reads it
    /// @throws IllegalStateException when no graph runs it
    void require(String layer) {
        if (has(layer)) {
            return;
        }
        if (text.filter(model -> records(model, layer)).isPresent()) {
            ofText(text.get());
            return;
        }
        if (!records(trunk, layer)) {
            throw new IllegalStateException("layer " + layer + " was not run while the model was watched");
        }
        if (IntStream.range(0, behind).anyMatch(stage -> layers(stage).contains(layer))) {
            startAgain();
        }
        while (!has(layer)) {
            if (behind == ends.size()) {
                throw new IllegalStateException("layer " + layer + " was given no token while the model was watched");
            }
            ofBlock();
        }
    }

    /// The layers whose inputs a finished block had.
    private List<String> layers(int stage) {
        return store.lines(STAGE + stage).stream()
                .filter(line -> line.startsWith(LAYER))
                .map(line -> line.substring(LAYER.length()))
                .toList();
    }

    private void startAgain() {
        store.delete(STAGE);
        store.delete(STATE);
        store.delete(SUMS);
        chain = new StagedTrunk(trunk);
        behind = 0;
    }

    private void ofText(OnnxModel model) {
        List<RecordedRun> own = task.runs.stream()
                .filter(run -> run.part() == StagedEngine.Part.TEXT)
                .toList();
        gather(
                new Pass(model, OF_TEXT, own, "text", run -> open(run.inputs(), Optional.empty())),
                (run, from, to) -> {});
    }

    private void ofBlock() {
        int stage = behind;
        boolean last = stage == ends.size() - 1;
        StagedTrunk.Stage own = chain.stage(ends.get(stage));
        List<String> lines = new ArrayList<>();
        layersOf(own.model()).forEach(layer -> lines.add(LAYER + layer));
        Map<RecordedRun, Integer> places = new IdentityHashMap<>();
        runs.forEach(run -> places.put(run, places.size()));
        String what = "block " + (stage + 1) + " of " + ends.size();
        Opening opening = run ->
                open(run.inputs(), stage == 0 ? Optional.empty() : Optional.of(STATE + stage + "-" + places.get(run)));
        gather(new Pass(own.model(), SUMS, runs, what, opening), (run, from, to) -> {
            if (last) {
                return;
            }
            if (lines.stream().allMatch(line -> line.startsWith(LAYER))) {
                chain.advance(own, to);
                own.carried().forEach(name -> lines.add(type(name, of(to, name))));
            }
            Map<String, Tensor> carried = new HashMap<>();
            for (String name : chain.inputs()) {
                Tensor made = own.carried().contains(name) ? to.get(name) : from.get(name);
                if (made != null && !run.inputs().containsKey(name)) {
                    carried.put(name, made);
                }
            }
            store.put(STATE + (stage + 1) + "-" + places.get(run), carried, Map.of());
        });
        store.putLines(STAGE + stage, lines);
        behind++;
        store.delete(STATE + stage + "-");
        if (stage > 0) {
            layers(stage - 1).forEach(layer -> store.delete(SUMS + layer + "."));
        }
    }

    private static Tensor of(Map<String, Tensor> tensors, String name) {
        return Objects.requireNonNull(tensors.get(name), () -> "no " + name + " among " + tensors.keySet());
    }

    private static String type(String name, Tensor tensor) {
        return tensor.dtype() + " " + tensor.shape().rank() + " " + name;
    }

    /// Tensors of the types and ranks of a finished block's outputs.
    private static Map<String, Tensor> types(List<String> lines) {
        Map<String, Tensor> types = new HashMap<>();
        for (String line : lines) {
            if (!line.startsWith(LAYER)) {
                String[] parts = line.split(" ", 3);
                long[] ones = new long[Integer.parseInt(parts[1])];
                Arrays.fill(ones, 1);
                types.put(parts[2], Tensor.zeros(DType.valueOf(parts[0]), Shape.of(ones)));
            }
        }
        return types;
    }

    private static List<String> layersOf(OnnxModel model) {
        return StagedTrunk.recorded(model).stream()
                .map(name -> name.substring(SplitGraphs.RECORDED.length()))
                .sorted()
                .toList();
    }

    /// What a graph reads in one run, while its files are open.
    private record Opened(Map<String, Tensor> tensors, List<SafetensorsFile> files) implements AutoCloseable {
        @Override
        public void close() {
            files.forEach(SafetensorsFile::close);
        }
    }

    private interface Opening {
        Opened of(RecordedRun run);
    }

    /// A graph over all that was recorded for it.
    ///
    /// @param prefix of what its sums are kept under
    /// @param what it is, for people
    private record Pass(OnnxModel model, String prefix, List<RecordedRun> runs, String what, Opening opening) {}

    private interface Behind {
        void run(RecordedRun run, Map<String, Tensor> inputs, Map<String, Tensor> outputs);
    }

    /// @param state of the blocks before; empty for the first graph
    private Opened open(Map<String, String> inputs, Optional<String> state) {
        Map<String, Tensor> tensors = new HashMap<>();
        List<SafetensorsFile> files = new ArrayList<>();
        try {
            inputs.forEach((name, kept) -> {
                if (reads.contains(name)) {
                    files.add(store.open(kept));
                    tensors.put(name, files.getLast().tensor(StatisticsStore.TENSOR));
                }
            });
            state.ifPresent(kept -> {
                SafetensorsFile file = store.open(kept);
                files.add(file);
                file.names().forEach(name -> tensors.put(name, file.tensor(name)));
            });
            return new Opened(tensors, files);
        } catch (RuntimeException e) {
            files.forEach(SafetensorsFile::close);
            throw e;
        }
    }

    /// Runs a graph, as often as its sums are larger than the budget.
    ///
    /// @param behindRun called after each run of the first time
    private void gather(Pass pass, Behind behindRun) {
        ParallelPieces pieces = ParallelPieces.of(options.cancellation());
        List<List<String>> batches = batches(layersOf(pass.model));
        for (int b = 0; b < batches.size(); b++) {
            Map<String, InputSums> running = new LinkedHashMap<>();
            batches.get(b).forEach(layer -> running.put(layer, new InputSums(true, pieces)));
            try (Session session = task.model.engine().open(pass.model, Engine.Use.STEADY);
                    TensorPool pool = new TensorPool()) {
                reads = Set.copyOf(session.inputs());
                for (int r = 0; r < pass.runs.size(); r++) {
                    try (Opened inputs = pass.opening.of(pass.runs.get(r))) {
                        Map<String, Tensor> outputs = pool.run(session, inputs.tensors, options.cancellation());
                        running.forEach((layer, own) -> add(own, of(outputs, SplitGraphs.RECORDED + layer)));
                        if (b == 0) {
                            behindRun.run(pass.runs.get(r), inputs.tensors, outputs);
                            told(pass, r + 1);
                        }
                        outputs.values().forEach(pool::giveBack);
                    }
                }
            }
            pass.model.weights().values().forEach(Tensor::evict);
            for (String layer : batches.get(b)) {
                keep(pass.prefix + layer, Objects.requireNonNull(running.remove(layer)));
            }
        }
    }

    private void told(Pass pass, int run) {
        long all = (long) ends.size() * runs.size();
        options.progress().blockDone(pass.what, all + (long) behind * runs.size() + run, 2 * all);
    }

    private void add(InputSums own, Tensor input) {
        int channels = Math.toIntExact(input.shape().dim(input.shape().rank() - 1));
        long wanted = Math.max(task.tokens, (long) task.tokensPerChannel * channels);
        own.add(input, (int) Math.min(SelfCalibration.TOKENS_PER_RUN, Math.ceilDiv(wanted, runs.size())));
    }

    private void keep(String name, InputSums own) {
        if (own.tokens() == 0) {
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            float[] largest = own.absMax();
            store.put(
                    name,
                    Map.of(GRAM, own.upper(arena), LARGEST, Tensor.of(Shape.of(largest.length), largest)),
                    Map.of(TOKENS, Long.toString(own.tokens())));
        }
    }

    private List<List<String>> batches(List<String> layers) {
        List<List<String>> batches = new ArrayList<>();
        batches.add(new ArrayList<>());
        long bytes = 0;
        for (String layer : layers) {
            long width = task.model.checkpoint().shape(layer + ".weight").dim(1);
            long own = Float.BYTES * width * width;
            if (!batches.getLast().isEmpty() && bytes + own > options.budgetBytes()) {
                batches.add(new ArrayList<>());
                bytes = 0;
            }
            batches.getLast().add(layer);
            bytes += own;
        }
        return batches;
    }

    private boolean has(String layer) {
        return store.has(SUMS + layer) || store.has(OF_TEXT + layer);
    }

    private SafetensorsFile open(String layer) {
        return store.open((store.has(SUMS + layer) ? SUMS : OF_TEXT) + layer);
    }

    long tokens(String layer) {
        try (SafetensorsFile file = open(layer)) {
            return Long.parseLong(file.metadata().getOrDefault(TOKENS, ""));
        }
    }

    float[] absMax(String layer) {
        try (SafetensorsFile file = open(layer)) {
            return Conversions.toFloatArray(file.tensor(LARGEST));
        }
    }

    Matrix gram(String layer) {
        try (SafetensorsFile file = open(layer)) {
            int channels = Math.toIntExact(file.shape(LARGEST).elements());
            return InputSums.ofUpper(file.tensor(GRAM), channels);
        }
    }

    private static boolean records(OnnxModel model, String layer) {
        return StagedTrunk.recorded(model).contains(SplitGraphs.RECORDED + layer);
    }
}
