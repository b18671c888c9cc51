package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.SessionInputs;
import dev.quantreel.engines.runtime.ort.binding.BindingUnavailableException;
import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;

/// A model opened in ONNX Runtime. Runs may overlap; closing waits for none of them.
///
/// Cancellation sets ONNX Runtime's terminate flag, which it reads between operators.
final class OrtModelSession implements Session {

    private static final System.Logger LOG = System.getLogger(OrtModelSession.class.getName());

    /// Lets arenas give back what no tensor uses after a run.
    static final String SHRINKAGE = "memory.enable_memory_arena_shrinkage";

    static final String SHRUNK = "cpu:0";

    private final OrtEnvironment environment;
    private final String engine;
    private final OrtSession session;
    private final OrtTarget.OwnedSession owner;
    private final String name;
    private final SessionInputs inputs;
    private final List<String> outputs;
    private final Map<String, OnnxTensor> streamed;
    private final List<Tensor> streamedMemory;
    private final boolean hasArena;
    private final Optional<BoundRunner> bound;
    private volatile boolean closed;

    /// The model itself is not kept: ONNX Runtime has copied its weights, but for the streamed ones.
    ///
    /// @param target takes the session over
    /// @param streamed fed to every run; closed with the session
    /// @param hasArena whether the session was opened with one, which can then be shrunk
    OrtModelSession(
            OrtTarget target, OrtSession session, OnnxModel model, Map<String, OnnxTensor> streamed, boolean hasArena) {
        this.hasArena = hasArena;
        this.environment = target.environment();
        this.engine = target.engine();
        this.session = session;
        this.owner = target.own(model.name(), session);
        this.name = model.name();
        this.streamed = streamed;
        this.streamedMemory = streamed.keySet().stream()
                .map(name -> Objects.requireNonNull(model.weights().get(name), name))
                .toList();
        this.inputs = new SessionInputs(engine, model.proto().getGraph());
        this.outputs = model.proto().getGraph().getOutputList().stream()
                .map(ValueInfoProto::getName)
                .toList();
        this.bound = target.residents().flatMap(residents -> runner(residents, model));
    }

    /// Empty where the session behind this one cannot be told: runs then go through the Java API.
    private Optional<BoundRunner> runner(ResidentMemory residents, OnnxModel model) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        streamed.keySet()
                .forEach(weight -> weights.put(
                        weight, Objects.requireNonNull(model.weights().get(weight))));
        try {
            long handle = SessionHandle.of(residents.api(), session);
            return Optional.of(new BoundRunner(residents, this, handle, weights));
        } catch (BindingUnavailableException e) {
            LOG.log(Level.WARNING, "{0} copies its results to the host: {1}", name, e.getMessage());
            return Optional.empty();
        }
    }

    /// The session of the C API.
    ///
    /// @throws BindingUnavailableException when it cannot be told
    long handle(OrtApi api) {
        requireOpen();
        return SessionHandle.of(api, session);
    }

    /// Name of the model, for people.
    String name() {
        return name;
    }

    String engine() {
        return engine;
    }

    boolean hasArena() {
        return hasArena;
    }

    @Override
    public List<String> inputs() {
        return inputs.names();
    }

    @Override
    public List<String> outputs() {
        return outputs;
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> values, CancellationToken cancellation) {
        return run(values, Map.of(), cancellation);
    }

    /// ONNX Runtime writes into the targets themselves.
    @Override
    public void runInto(Map<String, Tensor> values, Map<String, Tensor> targets, CancellationToken cancellation) {
        for (String target : targets.keySet()) {
            if (!outputs.contains(target)) {
                throw new IllegalArgumentException("there is no output " + target + "; the outputs are " + outputs);
            }
        }
        run(values, targets, cancellation);
    }

    private Map<String, Tensor> run(
            Map<String, Tensor> values, Map<String, Tensor> targets, CancellationToken cancellation) {
        cancellation.throwIfCancelled();
        requireWeights();
        Map<String, Tensor> ordered = inputs.check(values);
        if (bound.isPresent()) {
            requireOpen();
            return bound.get().run(ordered, targets, cancellation);
        }
        return copied(ordered, targets, cancellation);
    }

    /// By the Java API.
    private Map<String, Tensor> copied(
            Map<String, Tensor> ordered, Map<String, Tensor> targets, CancellationToken cancellation) {
        List<OnnxTensor> opened = new ArrayList<>();
        try (OrtSession.RunOptions options = new OrtSession.RunOptions();
                Terminator terminator = new Terminator(options, cancellation)) {
            if (hasArena) {
                // What no tensor uses after the run goes back: the arena's first regions do not suit the plan that ONNX
                // Runtime makes of the first run and follows from the second on.
                options.addRunConfigEntry(SHRINKAGE, SHRUNK);
            }
            Map<String, OnnxTensor> feeds = new LinkedHashMap<>(streamed);
            for (Map.Entry<String, Tensor> input : ordered.entrySet()) {
                OnnxTensor feed = OrtTensors.wrap(environment, input.getValue());
                opened.add(feed);
                feeds.put(input.getKey(), feed);
            }
            if (targets.isEmpty()) {
                return run(feeds, options);
            }
            Map<String, OnnxTensor> pinned = new LinkedHashMap<>();
            for (Map.Entry<String, Tensor> target : targets.entrySet()) {
                OnnxTensor pin = OrtTensors.pin(environment, target.getValue());
                opened.add(pin);
                pinned.put(target.getKey(), pin);
            }
            session.run(feeds, Set.of(), pinned, options).close();
            return Map.of();
        } catch (OrtException e) {
            if (cancellation.cancelled()) {
                CancellationException cancelled = new CancellationException("interrupted in " + name);
                cancelled.initCause(e);
                throw cancelled;
            }
            throw new EngineException(engine, name + ": " + e.getMessage(), e);
        } finally {
            opened.forEach(OnnxTensor::close);
        }
    }

    /// The Java API looks after its own runs.
    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session of " + name + " was closed");
        }
    }

    /// Native code that reads a mapping after its file was closed would end the process.
    private void requireWeights() {
        for (Tensor weight : streamedMemory) {
            if (!weight.data().scope().isAlive()) {
                throw new EngineException(
                        engine, name + ": the file that holds its weights was closed while the model was open", null);
            }
        }
    }

    /// Results are copied and released one by one, so that large ones never lie in memory twice; the result object
    /// owns nothing else.
    @SuppressWarnings("MustBeClosedChecker")
    private Map<String, Tensor> run(Map<String, OnnxTensor> feeds, OrtSession.RunOptions options) throws OrtException {
        Map<String, OnnxValue> left = new LinkedHashMap<>();
        session.run(feeds, options).forEach(result -> left.put(result.getKey(), result.getValue()));
        try {
            Map<String, Tensor> values = new LinkedHashMap<>();
            for (String name : outputs) {
                try (OnnxValue value = Objects.requireNonNull(left.remove(name), name)) {
                    values.put(name, OrtTensors.copy((OnnxTensor) value));
                }
            }
            return values;
        } finally {
            left.values().forEach(OnnxValue::close);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            bound.ifPresent(BoundRunner::close);
            owner.close();
            streamed.values().forEach(OnnxTensor::close);
        } catch (OrtException e) {
            throw new EngineException(engine, "cannot close " + name + ": " + e.getMessage(), e);
        }
    }

    /// Sets the terminate flag while the run is on, never after its options were released.
    private final class Terminator implements AutoCloseable {

        private final OrtSession.RunOptions options;
        private final CancellationToken.Registration registration;
        private boolean closed;

        Terminator(OrtSession.RunOptions options, CancellationToken cancellation) {
            this.options = options;
            this.registration = cancellation.onCancel(this::terminate);
        }

        private synchronized void terminate() {
            if (closed) {
                return;
            }
            try {
                options.setTerminate(true);
            } catch (OrtException e) {
                throw new EngineException(engine, "cannot interrupt: " + e.getMessage(), e);
            }
        }

        @Override
        public void close() {
            registration.close();
            synchronized (this) {
                closed = true;
            }
        }
    }
}
