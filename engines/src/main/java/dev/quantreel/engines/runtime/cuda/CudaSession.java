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
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// A model whose weights are on the device, or wait for it. Sessions of an engine take turns.
///
/// A run is planned for the shapes of its inputs and the contents of its small ones ([Planner#isKnown], activation bits
/// among them); plans are kept and share weights and arena. Only inputs and outputs are copied.
final class CudaSession implements Session {

    /// Plans that are kept: two bit widths of two clip sizes, with one to spare.
    private static final int PLANS = 5;

    private final CudaDeviceState device;
    private final GraphProto graph;
    private final SessionInputs inputs;
    private final DeviceWeights weights;
    private final RunMemory memory;
    private final SequencedMap<Key, PlannedRun> plans = new LinkedHashMap<>();
    private boolean closed;

    /// What a plan holds for.
    private record Key(Map<String, Shape> shapes, Map<String, List<Byte>> contents) {}

    /// @param weights closed with the session
    CudaSession(CudaDeviceState device, GraphProto graph, DeviceWeights weights) {
        this.device = device;
        this.graph = graph;
        this.weights = weights;
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
        try {
            device.turn().lock();
            try {
                return run(ordered, cancellation);
            } finally {
                device.turn().unlock();
            }
        } catch (OutOfDeviceMemoryException e) {
            throw failure(e.getMessage() + "; " + memory.advice(), e);
        } catch (CudaException | IllegalArgumentException | IndexOutOfBoundsException e) {
            throw failure(String.valueOf(e.getMessage()), e);
        }
    }

    private Map<String, Tensor> run(SequencedMap<String, Tensor> ordered, CancellationToken cancellation) {
        if (closed) {
            throw failure("the session is closed", null);
        }
        try {
            return once(ordered, cancellation);
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
            return once(ordered, cancellation);
        }
    }

    private Map<String, Tensor> once(SequencedMap<String, Tensor> ordered, CancellationToken cancellation) {
        PlannedRun planned = planned(ordered);
        memory.prepare(planned, this::forgetGraphs);
        return new RunLoop(device, memory, planned, cancellation).run(ordered);
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
            GraphPlan plan = Planner.plan(graph, ordered, weights.views(), device.kernels());
            if (!plan.joints().isEmpty()) {
                CudaEngine.LOG.log(
                        System.Logger.Level.INFO,
                        () -> graph.getName() + ": " + plan.steps().size() + " steps, joined: " + plan.summary());
            }
            known = new PlannedRun(plan, device.budget());
        }
        plans.putLast(key, known);
        return known;
    }

    private static Key key(SequencedMap<String, Tensor> ordered) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        Map<String, List<Byte>> contents = new LinkedHashMap<>();
        ordered.forEach((name, tensor) -> {
            shapes.put(name, tensor.shape());
            if (Planner.isKnown(tensor)) {
                List<Byte> bytes = new ArrayList<>();
                for (long i = 0; i < tensor.data().byteSize(); i++) {
                    bytes.add(tensor.data().get(ValueLayout.JAVA_BYTE, i));
                }
                contents.put(name, bytes);
            }
        });
        return new Key(shapes, contents);
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
                device.compute().synchronize();
                plans.values().forEach(PlannedRun::close);
                memory.close();
                weights.close();
                device.context().trim();
            }
        } finally {
            device.turn().unlock();
        }
    }
}
