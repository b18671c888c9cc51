package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// TensorRT on one GPU. Thread-safe; runs of its sessions take turns, for they share scratch memory.
///
/// Graphs with operators of ONNX Runtime's own (VAEs and text encoders as they are emitted for the CPU) go to another
/// engine beside it, which is made when the first of them comes.
public final class TensorRtEngine implements Engine {

    private static final System.Logger LOG = System.getLogger(TensorRtEngine.class.getName());

    private final Workshop workshop;
    private final Supplier<Engine> makesCompanion;
    private final boolean isOwner;
    private @Nullable Engine companion;

    /// Takes over the GPU.
    ///
    /// @param makesCompanion the engine for what TensorRT does not run
    TensorRtEngine(Workshop workshop, Supplier<Engine> makesCompanion) {
        this(workshop, makesCompanion, true);
        workshop.cache().sweep();
    }

    private TensorRtEngine(Workshop workshop, Supplier<Engine> makesCompanion, boolean isOwner) {
        this.workshop = workshop;
        this.makesCompanion = makesCompanion;
        this.isOwner = isOwner;
    }

    @Override
    public String id() {
        return TensorRtEngineProvider.ID;
    }

    @Override
    public String description() {
        return "TensorRT " + TensorRtBindings.versionText(workshop.library().libraryVersion()) + ", "
                + workshop.gpu().device().chip() + ", " + workshop.settings().label();
    }

    /// @throws EngineException when the graph cannot be kept until it is built
    @Override
    public Session open(OnnxModel model) {
        return open(model, Use.STEADY);
    }

    @Override
    public Session open(OnnxModel model, Use use) {
        Optional<NodeProto> foreign = foreign(model);
        if (foreign.isPresent()) {
            Engine other = companion();
            LOG.log(
                    System.Logger.Level.INFO,
                    () -> model.name() + " has " + foreign.get().getDomain() + "."
                            + foreign.get().getOpType()
                            + " (node " + foreign.get().getName() + "), which TensorRT does not know; it runs on "
                            + other.description());
            return other.open(model, use);
        }
        return new BuildingSession(workshop, model);
    }

    /// Why this GPU has no engines of a kind; empty where it has.
    public Optional<String> obstacle(EngineKind kind) {
        return kind.obstacle(workshop.gpu().device().chip());
    }

    /// This engine for graphs of which more is known: the same GPU, library and cache. Closing it closes nothing.
    ///
    /// @param label what they compute in
    public TensorRtEngine with(String label, TensorRtSettings.Profiles profiles) {
        return new TensorRtEngine(
                new Workshop(
                        workshop.settings().with(label, profiles),
                        workshop.cache(),
                        workshop.builder(),
                        workshop.library(),
                        workshop.gpu()),
                this::companion,
                false);
    }

    /// Sees to it that the cache has an engine for a graph whose shapes are known.
    ///
    /// @param listener hears of progress, on another thread
    /// @return what is in the cache now
    /// @throws EngineException when it cannot be built
    /// @throws java.util.concurrent.CancellationException when cancellation was asked
    public CachedEngine prepare(OnnxModel model, Consumer<BuildMessage> listener, CancellationToken cancellation) {
        foreign(model).ifPresent(node -> {
            throw new EngineException(
                    TensorRtEngineProvider.ID,
                    model.name() + ": node " + node.getName() + " is " + node.getDomain() + "." + node.getOpType()
                            + "; TensorRT takes standard operators",
                    null);
        });
        try (BuildingSession session = new BuildingSession(workshop, model)) {
            session.make(listener, cancellation);
            return session.cached()
                    .orElseThrow(() -> new EngineException(
                            TensorRtEngineProvider.ID,
                            model.name() + ": its engine was deleted from "
                                    + workshop.cache().folder() + " as soon as it was there",
                            null));
        }
    }

    /// Everything in the cache.
    ///
    /// @throws java.io.IOException when the folder cannot be read
    public List<CachedEngine> cached() throws java.io.IOException {
        return workshop.cache().list();
    }

    private static Optional<NodeProto> foreign(OnnxModel model) {
        return model.proto().getGraph().getNodeList().stream()
                .filter(node -> !node.getDomain().isEmpty() && !node.getDomain().equals("ai.onnx"))
                .findFirst();
    }

    private synchronized Engine companion() {
        Engine known = companion;
        if (known == null) {
            known = makesCompanion.get();
            companion = known;
        }
        return known;
    }

    @Override
    public synchronized void close() {
        if (!isOwner) {
            return;
        }
        Engine known = companion;
        Workshop.Gpu gpu = workshop.gpu();
        Closing.inOrder(
                () -> {
                    if (known != null) {
                        known.close();
                    }
                },
                gpu.scratch()::close,
                gpu.stream()::close,
                gpu.device()::close);
    }
}
