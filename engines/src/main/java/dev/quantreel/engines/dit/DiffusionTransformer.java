package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.GraphCut;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.sampling.Guidance;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.tensor.Tensor;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A diffusion transformer opened on an engine. Not thread-safe; closed by whoever opened it, after the models bound to
/// it are no longer used.
public final class DiffusionTransformer implements AutoCloseable {

    private final Engine engine;
    private final TransformerCheckpoint checkpoint;
    private final LinearLayers linears;
    private final LayerProbe probe;
    private final Map<Part, Session> sessions = new EnumMap<>(Part.class);
    private final EarlyGraphs early;
    private @Nullable GraphCut cut;
    private boolean isPrepared;

    /// How it is opened.
    ///
    /// @param blocks the form of the blocks that is opened at once
    public record Form(Blocks blocks, Modulation modulation) {

        /// With modulation before sampling.
        public static Form of(Blocks blocks) {
            return new Form(blocks, Modulation.EARLY);
        }
    }

    /// When the vectors that follow from the time alone are computed.
    public enum Modulation {
        /// For all announced timesteps ([SplitModel#schedule]) before the first step, so that their weights need not
        /// stay; for one that was not announced, when it comes.
        EARLY,
        /// In every step, by weights that stay.
        EVERY_STEP
    }

    /// In which form the blocks are opened at once; the others are opened when they are first wanted.
    public enum Blocks {
        /// For one branch of guidance.
        ONE_BRANCH,
        /// For both branches.
        BOTH_BRANCHES,
        /// For one branch, the first block by itself.
        FIRST_BLOCK_APART,
        /// For one branch, every block with activation bits of its own, where the linears have bits to choose.
        BITS_BY_BLOCK;

        /// The form for passes of guidance.
        public static Blocks of(Guidance.Passes passes) {
            return switch (passes) {
                case SERIAL -> ONE_BRANCH;
                case BATCHED -> BOTH_BRANCHES;
            };
        }
    }

    /// The graphs it is made of.
    private enum Part {
        TEXT(Engine.Use.OCCASIONAL),
        PRELUDE(Engine.Use.OCCASIONAL),
        TRUNK(Engine.Use.STEADY),
        TRUNK_OF_BOTH(Engine.Use.STEADY),
        TRUNK_BY_BLOCK(Engine.Use.STEADY),
        FIRST_BLOCK(Engine.Use.STEADY),
        LATER_BLOCKS(Engine.Use.STEADY),
        HEAD(Engine.Use.OCCASIONAL);

        private final Engine.Use use;

        Part(Engine.Use use) {
            this.use = use;
        }
    }

    private DiffusionTransformer(
            Engine engine,
            TransformerCheckpoint checkpoint,
            LinearLayers linears,
            LayerProbe probe,
            Modulation modulation) {
        this.engine = engine;
        this.checkpoint = checkpoint;
        this.linears = linears;
        this.probe = probe;
        this.early = new EarlyGraphs(
                engine,
                modulation == Modulation.EARLY ? checkpoint.architecture().timeInputs() : Set.of());
    }

    /// Builds the graphs and opens them.
    ///
    /// @param linears emits the linears of the blocks, [FloatLinears] for full precision
    /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when a weight is not finite
    /// @throws dev.quantreel.engines.runtime.EngineException when the engine cannot run a graph
    public static DiffusionTransformer open(Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears) {
        return open(engine, checkpoint, linears, LayerProbe.NONE);
    }

    /// Like [#open(Engine, TransformerCheckpoint, LinearLayers)], and watches the inputs of some layers.
    public static DiffusionTransformer open(
            Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears, LayerProbe probe) {
        return open(engine, checkpoint, linears, probe, Blocks.ONE_BRANCH);
    }

    /// Like the others, for a sampler that runs the branches of guidance so.
    public static DiffusionTransformer open(
            Engine engine,
            TransformerCheckpoint checkpoint,
            LinearLayers linears,
            LayerProbe probe,
            Guidance.Passes passes) {
        return open(engine, checkpoint, linears, probe, Blocks.of(passes));
    }

    /// Like [#open(Engine, TransformerCheckpoint, LinearLayers, LayerProbe)], for a sampler that runs the blocks so. A
    /// trunk of another form is opened if it is needed after all; it shares the large weights.
    public static DiffusionTransformer open(
            Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears, LayerProbe probe, Blocks blocks) {
        return open(engine, checkpoint, linears, probe, Form.of(blocks));
    }

    /// Like [#open(Engine, TransformerCheckpoint, LinearLayers, LayerProbe, Blocks)].
    public static DiffusionTransformer open(
            Engine engine, TransformerCheckpoint checkpoint, LinearLayers linears, LayerProbe probe, Form form) {
        SplitGraphs graphs = graphs(checkpoint, linears, probe);
        DiffusionTransformer transformer =
                new DiffusionTransformer(engine, checkpoint, linears, probe, form.modulation);
        EarlyGraphs early = transformer.early;
        try {
            graphs.text().ifPresent(text -> transformer.open(Part.TEXT, text));
            transformer.open(Part.PRELUDE, early.without(EarlyGraphs.Part.PRELUDE, graphs.prelude()));
            switch (form.blocks) {
                case ONE_BRANCH -> transformer.open(Part.TRUNK, early.without(EarlyGraphs.Part.TRUNK, graphs.trunk()));
                case BOTH_BRANCHES -> transformer.session(Part.TRUNK_OF_BOTH);
                case BITS_BY_BLOCK ->
                    transformer.session(transformer.blocks().isEmpty() ? Part.TRUNK : Part.TRUNK_BY_BLOCK);
                case FIRST_BLOCK_APART ->
                    transformer.openFirstBlock(early.without(EarlyGraphs.Part.TRUNK, graphs.trunk()));
            }
            transformer.open(Part.HEAD, early.without(EarlyGraphs.Part.HEAD, graphs.head()));
            return transformer;
        } catch (RuntimeException e) {
            transformer.close();
            throw e;
        }
    }

    /// Opens graphs that were made beforehand, see [#open]; their linears are those that were emitted.
    public static DiffusionTransformer prepared(
            TransformerCheckpoint checkpoint, PreparedGraphs graphs, LinearLayers linears) {
        DiffusionTransformer transformer = new DiffusionTransformer(
                graphs.engine(), checkpoint, graphs.linears(linears), LayerProbe.NONE, Modulation.EVERY_STEP);
        transformer.isPrepared = true;
        graphs.open().forEach((part, session) -> transformer.sessions.put(Part.valueOf(part), session));
        return transformer;
    }

    private void open(Part part, OnnxModel model) {
        sessions.put(part, engine.open(model, part.use));
    }

    public TransformerArchitecture architecture() {
        return checkpoint.architecture();
    }

    public TransformerFacts facts() {
        return checkpoint.facts();
    }

    /// Binds what leads both branches of classifier-free guidance.
    ///
    /// @param conditional the prompt
    /// @param unconditional the negative or empty prompt; the same value when guidance is off
    /// @throws IllegalArgumentException when one does not fit the model, see
    /// [TransformerArchitecture#conditioningInputs]
    public SplitModel bind(BranchConditioning conditional, BranchConditioning unconditional) {
        return new BoundTransformer(this, conditional, unconditional);
    }

    /// Binds prompts of one encoder whose tokens are all real.
    ///
    /// @param conditional F32 `[1, tokens, width]`
    /// @param unconditional the same of the negative prompt
    public SplitModel bind(Tensor conditional, Tensor unconditional) {
        BranchConditioning positive = BranchConditioning.of(conditional);
        return bind(positive, conditional == unconditional ? positive : BranchConditioning.of(unconditional));
    }

    /// Tensors that graphs read at every step, where the engine reads them best.
    Map<String, Tensor> placed(Map<String, Tensor> tensors) {
        return tensors.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> engine.place(entry.getValue())));
    }

    boolean readsText() {
        return sessions.containsKey(Part.TEXT);
    }

    /// Runs the text graph.
    Map<String, Tensor> runText(Map<String, Tensor> pool, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> outputs =
                new HashMap<>(runWithLinears(session(Part.TEXT), pool, activationBits, cancellation));
        outputs.keySet().removeIf(name -> name.startsWith(SplitGraphs.RECORDED));
        return outputs;
    }

    Map<String, Tensor> runPrelude(Map<String, Tensor> pool, CancellationToken cancellation) {
        Session prelude = session(Part.PRELUDE);
        return prelude.run(Pools.taken(prelude, pool), cancellation);
    }

    Tensor runTrunk(Map<String, Tensor> pool, int activationBits, CancellationToken cancellation) {
        Session trunk = session(Part.TRUNK);
        return Pools.required(runWithLinears(trunk, pool, activationBits, cancellation), SplitGraphs.OUT);
    }

    SplitModel.Both runTrunkOfBoth(JointPool pool, int activationBits, CancellationToken cancellation) {
        Session trunk = session(Part.TRUNK_OF_BOTH);
        Map<String, Tensor> outputs = runWithLinears(trunk, pool.inputs(trunk.inputs()), activationBits, cancellation);
        return new SplitModel.Both(
                Pools.required(outputs, SplitGraphs.OUT), Pools.required(outputs, BranchAxis.SECOND + SplitGraphs.OUT));
    }

    /// Names of the blocks, where each can have activation bits of its own; else none.
    List<String> blocks() {
        return isPrepared || linears.byBlock().isEmpty() || !probe.layers().isEmpty()
                ? List.of()
                : BlockNames.all(architecture().blockLinears());
    }

    /// Runs the blocks at bits of their own.
    ///
    /// @param bits by block, as [#blocks]
    SplitModel.Blockwise runTrunkByBlock(Map<String, Tensor> pool, List<Integer> bits, CancellationToken cancellation) {
        List<String> blocks = blocks();
        Map<String, Tensor> all = new HashMap<>(pool);
        all.putAll(linears.inputs(blocks, bits));
        Session trunk = session(Part.TRUNK_BY_BLOCK);
        Map<String, Tensor> outputs = trunk.run(Pools.taken(trunk, all), cancellation);
        return new SplitModel.Blockwise(
                Pools.required(outputs, SplitGraphs.OUT),
                blocks.stream()
                        .map(block -> Pools.required(outputs, SplitGraphs.CONTRIBUTION + block))
                        .toList());
    }

    /// Runs the first block alone.
    SplitModel.FirstBlock runFirstBlock(Map<String, Tensor> pool, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> outputs = runWithLinears(session(Part.FIRST_BLOCK), pool, activationBits, cancellation);
        Tensor tokens = Pools.required(pool, SplitGraphs.TOKENS);
        Tensor changed = cut().values().stream()
                .map(name -> Pools.required(outputs, name))
                .filter(value -> value.dtype() == tokens.dtype() && value.elements() == tokens.elements())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "the first block of " + facts().variant() + " puts out no tokens of " + tokens.shape()));
        Map<String, Tensor> rest = new HashMap<>(pool);
        rest.putAll(outputs);
        return new SplitModel.FirstBlock(changed.reshape(tokens.shape().toArray()), rest);
    }

    /// Runs the blocks after the first.
    Tensor runLaterBlocks(SplitModel.FirstBlock first, int activationBits, CancellationToken cancellation) {
        if (!sessions.containsKey(Part.LATER_BLOCKS)) {
            open(Part.LATER_BLOCKS, cut().later(first.rest()));
        }
        return Pools.required(
                runWithLinears(session(Part.LATER_BLOCKS), first.rest(), activationBits, cancellation),
                SplitGraphs.OUT);
    }

    /// Why the first block cannot run alone; empty where it can.
    Optional<String> firstBlockObstacle() {
        if (isPrepared) {
            return Optional.of("its engine was built for all blocks at once");
        }
        if (!probe.layers().isEmpty()) {
            return Optional.of("the inputs of layers are watched, which is done in all blocks at once");
        }
        return facts().sizes().layers() > 1 ? Optional.empty() : Optional.of(facts().variant() + " has a single block");
    }

    private GraphCut cut() {
        GraphCut known = cut;
        if (known == null) {
            throw new IllegalStateException("the first block is not open");
        }
        return known;
    }

    private void openFirstBlock(OnnxModel trunk) {
        GraphCut made = GraphCut.behind(
                trunk, BlockNames.of(architecture().blockLinears().getFirst()));
        cut = made;
        open(Part.FIRST_BLOCK, made.first());
    }

    /// Why the branches cannot run in one pass; empty where they can.
    Optional<String> jointPassObstacle(BranchConditioning conditional, BranchConditioning unconditional) {
        if (isPrepared && !sessions.containsKey(Part.TRUNK_OF_BOTH)) {
            return Optional.of("its engine was built for one branch at a time");
        }
        return probe.layers().isEmpty()
                ? new JointPass(architecture(), linears.activations()).obstacle(conditional, unconditional)
                : Optional.of("the inputs of layers are watched, which is done one branch at a time");
    }

    Tensor runHead(Map<String, Tensor> pool, CancellationToken cancellation) {
        Session head = session(Part.HEAD);
        return head.run(Pools.taken(head, pool), SplitGraphs.PREDICTION, cancellation);
    }

    /// What is computed before the steps.
    EarlyGraphs early() {
        return early;
    }

    /// Opens the blocks in a form unless they are open in it.
    void require(Blocks blocks) {
        session(
                switch (blocks) {
                    case ONE_BRANCH -> Part.TRUNK;
                    case BOTH_BRANCHES -> Part.TRUNK_OF_BOTH;
                    case BITS_BY_BLOCK -> Part.TRUNK_BY_BLOCK;
                    case FIRST_BLOCK_APART -> Part.FIRST_BLOCK;
                });
    }

    private OnnxModel trunk(LinearLayers own) {
        return early.without(
                EarlyGraphs.Part.TRUNK, graphs(checkpoint, own, probe).trunk());
    }

    /// Opens the trunks when they are first wanted.
    private Session session(Part part) {
        if (part == Part.FIRST_BLOCK && !sessions.containsKey(part)) {
            openFirstBlock(trunk(linears));
        }
        if (!sessions.containsKey(part)) {
            open(
                    part,
                    switch (part) {
                        case TRUNK_OF_BOTH ->
                            early.without(
                                    EarlyGraphs.Part.TRUNK_OF_BOTH,
                                    architecture().trunkOfBoth(checkpoint, linears, Dialect.ONNX_RUNTIME));
                        case TRUNK -> trunk(linears);
                        case TRUNK_BY_BLOCK -> trunk(linears.byBlock().orElseThrow());
                        case TEXT, PRELUDE, HEAD, FIRST_BLOCK, LATER_BLOCKS ->
                            throw new IllegalStateException(part + " is opened with the rest");
                    });
        }
        return Objects.requireNonNull(sessions.get(part), part.name());
    }

    private static SplitGraphs graphs(TransformerCheckpoint checkpoint, LinearLayers linears, LayerProbe probe) {
        return checkpoint.graphs(linears, new TransformerCheckpoint.Options(Dialect.ONNX_RUNTIME, probe.layers()));
    }

    /// Key under which results that depend on activation bits may be kept: all alike where the linears do not care.
    int bitsKey(int activationBits) {
        return linears.inputs(activationBits).isEmpty() ? 0 : activationBits;
    }

    private Map<String, Tensor> runWithLinears(
            Session session, Map<String, Tensor> pool, int activationBits, CancellationToken cancellation) {
        Map<String, Tensor> all = new HashMap<>(pool);
        all.putAll(linears.inputs(activationBits));
        Map<String, Tensor> outputs = session.run(Pools.taken(session, all), cancellation);
        outputs.forEach((name, value) -> {
            if (name.startsWith(SplitGraphs.RECORDED)) {
                probe.listener().observe(name.substring(SplitGraphs.RECORDED.length()), value);
            }
        });
        return outputs;
    }

    @Override
    public void close() {
        sessions.values().forEach(Session::close);
    }
}
