package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.SessionInputs;
import dev.quantreel.engines.runtime.cuda.driver.CudaException;
import dev.quantreel.engines.runtime.cuda.plan.Buffer;
import dev.quantreel.engines.runtime.cuda.plan.GraphPlan;
import dev.quantreel.engines.runtime.cuda.plan.Planner;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A model whose weights are on the device, or wait for it. Sessions of an engine take turns.
///
/// A run is planned for the shapes of its inputs and the contents of its small ones ([Planner#isKnown]), but
/// for those of activation bits ([LateScalars]); plans are kept and share weights and arena. Only inputs and
/// outputs are copied.
final class CudaSession implements Session {

    /// Plans that are kept: both branches of a few clip sizes; what a plan holds of the device is a few
    /// kilobytes.
    private static final int PLANS = 16;

    private final CudaDeviceState device;
    private final GraphProto graph;
    private final SessionInputs inputs;
    private final DeviceWeights weights;
    private final RunMemory memory;
    private final SequencedMap<Key, PlannedRun> plans = new LinkedHashMap<>();
    private final LateScalars late;
    private final Consumer<CudaSession> closes;
    private boolean closed;

    /// What a plan holds for.
    ///
    /// @param contents digest of those of small inputs
    private record Key(Map<String, Shape> shapes, String contents, Map<String, Boolean> packing) {}

    /// @param weights closed with the session
    /// @param closes told when it is closed
    CudaSession(CudaDeviceState device, GraphProto graph, DeviceWeights weights, Consumer<CudaSession> closes) {
        this.device = device;
        this.graph = graph;
        this.weights = weights;
        this.closes = closes;
        this.late = LateScalars.of(graph);
        this.inputs = new SessionInputs(CudaEngineProvider.ID, graph);
        this.memory = new RunMemory(device, weights);
    }

    @Override
    public List<String> inputs() {
        return inputs.names();
    }

    @Override
    public List<String> outputs() {
        return graph.getOutputList().stream().map(ValueInfoProto::getName).toList();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> values, CancellationToken cancellation) {
        cancellation.throwIfCancelled();
        SequencedMap<String, Tensor> ordered = inputs.check(values);
        Map<String, RunInput> found = new LinkedHashMap<>();
        ordered.forEach((name, tensor) -> found.put(name, RunInput.of(device, tensor)));
        try {
            device.turn().lock();
            try {
                return run(ordered, found, cancellation);
            } finally {
                device.turn().unlock();
            }
        } catch (OutOfDeviceMemoryException e) {
            throw failure(e.getMessage() + "; " + memory.advice(), e);
        } catch (CudaException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw failure(device.loss().orElseGet(() -> String.valueOf(e.getMessage())), e);
        }
    }

    private Map<String, Tensor> run(
            SequencedMap<String, Tensor> ordered, Map<String, RunInput> found, CancellationToken cancellation) {
        if (closed) {
            throw failure("the session is closed", null);
        }
        device.loss().ifPresent(reason -> {
            throw failure(reason, null);
        });
        try {
            return once(ordered, found, cancellation);
        } catch (OutOfDeviceMemoryException e) {
            if (!device.settings().retry() || !memory.shrink(e)) {
                throw e;
            }
            CudaEngine.LOG.log(
                    System.Logger.Level.WARNING,
                    () -> graph.getName() + ": " + e.getMessage() + "; "
                            + MemoryBudget.megabytes(weights.offloadedBytes())
                            + " of its weights wait on the host from now on");
            forgetGraphs();
            return once(ordered, found, cancellation);
        }
    }

    private Map<String, Tensor> once(
            SequencedMap<String, Tensor> ordered, Map<String, RunInput> found, CancellationToken cancellation) {
        PlannedRun planned = planned(ordered);
        memory.prepare(planned, this::forgetGraphs);
        return new RunLoop(device, memory, planned, cancellation).run(found);
    }

    private void forgetGraphs() {
        plans.values().forEach(PlannedRun::forgetGraphs);
    }

    private PlannedRun planned(SequencedMap<String, Tensor> ordered) {
        Key key = key(ordered);
        PlannedRun known = plans.remove(key);
        if (known == null) {
            while (plans.size() >= PLANS) {
                plans.pollFirstEntry().getValue().close();
            }
            Map<String, Tensor> scalars = late.copies(ordered);
            Map<String, Tensor> inputs = new LinkedHashMap<>();
            ordered.forEach((name, tensor) -> inputs.put(name, Planner.isKnown(tensor) ? copy(tensor) : tensor));
            inputs.putAll(scalars);
            GraphPlan plan = Planner.plan(graph, inputs, weights.views(), device.kernels());
            if (!plan.joints().isEmpty()) {
                CudaEngine.LOG.log(
                        System.Logger.Level.INFO,
                        () -> graph.getName() + ": " + plan.steps().size() + " steps, joined: " + plan.summary());
            }
            known = new PlannedRun(plan, scalars, device.budget());
        }
        plans.putLast(key, known);
        return known;
    }

    /// A plan reads known inputs again at every run, their owner may have written other values there meanwhile.
    private static Tensor copy(Tensor tensor) {
        Tensor copy = Tensor.zeros(tensor.dtype(), tensor.shape());
        copy.data().copyFrom(tensor.data());
        return copy;
    }

    private Key key(SequencedMap<String, Tensor> ordered) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        MessageDigest contents = sha256();
        ordered.forEach((name, tensor) -> {
            shapes.put(name, tensor.shape());
            if (Planner.isKnown(tensor) && !late.names().contains(name)) {
                contents.update(tensor.data().asByteBuffer());
            }
        });
        return new Key(shapes, HexFormat.of().formatHex(contents.digest()), late.classes(ordered));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// What the session holds of the device and of pinned memory.
    SessionMemory memory() {
        long constants =
                plans.values().stream().mapToLong(PlannedRun::constantBytes).sum();
        return memory.report(constants);
    }

    /// How many plans were made and kept.
    int plans() {
        return plans.size();
    }

    /// Bytes of a weight's buffers, by block, for reports.
    long weightBytes() {
        return weights.views().values().stream()
                .map(view -> view.buffer())
                .mapToLong(Buffer::bytes)
                .sum();
    }

    private EngineException failure(String message, @Nullable Throwable cause) {
        return new EngineException(CudaEngineProvider.ID, graph.getName() + ": " + message, cause);
    }

    @Override
    public void close() {
        device.turn().lock();
        try {
            if (!closed) {
                closed = true;
                try {
                    if (device.loss().isEmpty()) {
                        device.compute().synchronize();
                    }
                } finally {
                    closeAll();
                }
            }
        } finally {
            device.turn().unlock();
            closes.accept(this);
        }
    }

    private void closeAll() {
        try (weights;
                memory) {
            plans.values().forEach(PlannedRun::close);
        }
        if (device.loss().isEmpty()) {
            device.context().trim();
        }
    }
}
