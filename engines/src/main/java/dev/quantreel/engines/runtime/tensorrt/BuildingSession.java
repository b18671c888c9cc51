package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.SessionInputs;
import dev.quantreel.engines.runtime.tensorrt.BuildOptions.Weights;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A graph that becomes an engine when it is first run, unless one is in the cache: building takes minutes, and a run
/// can be interrupted. The graph lies in a file meanwhile, so its weights may be released.
///
/// Without a profile an engine is built for the shapes of the first run; shapes outside of it get another one,
/// for both.
/// With a profile, they are refused.
///
/// Runs take turns: one must not close the engine that another is about to use, nor build what is being built.
final class BuildingSession implements Session {

    private static final System.Logger LOG = System.getLogger(BuildingSession.class.getName());
    private static final long POLL_MILLIS = 50;

    private final Workshop workshop;
    private final OnnxModel graph;
    private final String graphKey;
    private final SessionInputs inputs;
    private final Optional<OptimizationProfile> given;
    private @Nullable OptimizationProfile profile;
    private @Nullable Path file;
    private @Nullable Session session;
    private boolean isClosed;
    private final ReentrantLock turn = new ReentrantLock();

    /// Reads the weights: looks into the cache, or writes them to a file.
    BuildingSession(Workshop workshop, OnnxModel model) {
        this.workshop = workshop;
        this.graph = new OnnxModel(model.proto(), Map.of());
        this.graphKey = EngineKey.graph(model);
        this.inputs = new SessionInputs(TensorRtEngineProvider.ID, model.proto().getGraph());
        this.given = workshop.settings().profiles().of(model);
        this.profile = given.orElse(null);
        boolean isWhole = workshop.settings().build().weights() != Weights.STRIPPED;
        if (given.isEmpty() || !isWhole || !opensCached(given.get())) {
            write(model);
        }
    }

    private void write(OnnxModel model) {
        Path parent = workshop.cache().folder();
        try {
            Path target = workshop.cache()
                    .newGraphFolder()
                    .resolve(model.name().replaceAll("[^A-Za-z0-9._-]", "_") + ".onnx");
            file = target;
            OnnxWriter.write(model, target);
        } catch (IOException | IllegalArgumentException e) {
            deleteFile();
            throw failure("cannot be written to " + parent + ": " + e.getMessage(), e);
        }
    }

    @Override
    public List<String> inputs() {
        return inputs.names();
    }

    @Override
    public List<String> outputs() {
        return graph.proto().getGraph().getOutputList().stream()
                .map(ValueInfoProto::getName)
                .toList();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> values, CancellationToken cancellation) {
        takeTurn(cancellation);
        try {
            return ready(values, cancellation).run(values, cancellation);
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void runInto(Map<String, Tensor> values, Map<String, Tensor> outputs, CancellationToken cancellation) {
        takeTurn(cancellation);
        try {
            ready(values, cancellation).runInto(values, outputs, cancellation);
        } finally {
            turn.unlock();
        }
    }

    /// Another run may build for minutes, and whoever waits for it may give up.
    private void takeTurn(CancellationToken cancellation) {
        boolean isMine = false;
        while (!isMine) {
            cancellation.throwIfCancelled();
            try {
                isMine = turn.tryLock(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("interrupted while " + graph.name() + " was in use");
            }
        }
    }

    private Session ready(Map<String, Tensor> values, CancellationToken cancellation) {
        cancellation.throwIfCancelled();
        if (isClosed) {
            throw failure("the session is closed", null);
        }
        Map<String, Tensor> ordered = inputs.check(values);
        OptimizationProfile current = profile;
        Optional<String> outside = current == null ? Optional.empty() : ShapeRanges.outside(current, ordered);
        if (outside.isPresent() && given.isPresent()) {
            throw failure(outside.get() + "; Build TensorRT Engine for clips of this size", null);
        }
        if (current == null || outside.isPresent()) {
            closeSession();
            current = ShapeRanges.grown(graph.name(), Optional.ofNullable(current), ordered);
            profile = current;
        }
        Session open = session;
        return open != null ? open : make(current, this::log, cancellation);
    }

    /// Sees to it that there is an engine for the profile that was given, and opens it.
    ///
    /// @throws IllegalStateException when none was given
    void make(Consumer<BuildMessage> listener, CancellationToken cancellation) {
        OptimizationProfile wanted = given.orElseThrow(
                () -> new IllegalStateException(graph.name() + " has no profile to build an engine for"));
        if (session == null) {
            make(wanted, listener, cancellation);
        }
    }

    /// What the cache has for the profile that was given.
    Optional<CachedEngine> cached() {
        return given.flatMap(wanted -> workshop.cache().find(key(wanted)));
    }

    private Session make(OptimizationProfile wanted, Consumer<BuildMessage> listener, CancellationToken cancellation) {
        if (!opensCached(wanted)) {
            workshop.build(new Workshop.Job(key(wanted), graph.name(), wanted, requiredFile()), listener, cancellation);
            session = open(wanted);
        }
        Session made = session;
        if (made == null) {
            throw new IllegalStateException("no session of " + graph.name());
        }
        return made;
    }

    /// A plan that TensorRT calls damaged or made for something else is no longer in the cache afterwards. One that
    /// does not open for another reason, such as memory, stays: it may have taken an hour.
    private boolean opensCached(OptimizationProfile wanted) {
        EngineKey key = key(wanted);
        if (workshop.cache().find(key).isEmpty()) {
            return false;
        }
        try {
            session = open(wanted);
            return true;
        } catch (PlanRefusedException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    () -> graph.name() + ": the engine kept in "
                            + workshop.cache().plan(key) + " does not open and is built again: " + e.getMessage());
            workshop.forget(key);
            return false;
        }
    }

    private Session open(OptimizationProfile wanted) {
        return workshop.open(key(wanted), graph, wanted, Optional.ofNullable(file));
    }

    private EngineKey key(OptimizationProfile wanted) {
        return workshop.key(graphKey, wanted);
    }

    private Path requiredFile() {
        Path known = file;
        if (known == null) {
            throw failure("its engine is gone from the cache, and the graph was not kept; open the model anew", null);
        }
        return known;
    }

    private void log(BuildMessage message) {
        if (message instanceof BuildMessage.Progress(String phase, int done, int total)) {
            LOG.log(System.Logger.Level.INFO, () -> graph.name() + ": " + phase + " (" + done + "/" + total + ")");
        }
    }

    private EngineException failure(String what, @Nullable Throwable cause) {
        return new EngineException(TensorRtEngineProvider.ID, graph.name() + ": " + what, cause);
    }

    private void closeSession() {
        Session open = session;
        session = null;
        if (open != null) {
            open.close();
        }
    }

    private void deleteFile() {
        Path known = file;
        file = null;
        if (known == null) {
            return;
        }
        try {
            EngineCache.deleteFolder(Objects.requireNonNull(known.getParent()));
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, () -> "cannot delete " + known.getParent(), e);
        }
    }

    @Override
    public void close() {
        turn.lock();
        try {
            isClosed = true;
            Closing.inOrder(this::closeSession, this::deleteFile);
        } finally {
            turn.unlock();
        }
    }
}
