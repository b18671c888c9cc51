package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.SessionInputs;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// An engine at work. Runs of all sessions of one [TensorRtEngine] take turns, for they share scratch memory.
///
/// The first run with new shapes is queued by TensorRT; the second is recorded as a CUDA graph, and from then on the
/// recording is launched, which saves the time of queueing some thousand kernels. Values that are read on the
/// host (token
/// grids) belong to the recording: other values are new shapes.
///
/// Cancellation: TensorRT cannot stop a run. The caller gets away within moments; the GPU ends the run on its own, and
/// whoever runs next waits for it.
final class TensorRtSession implements Session {

    private static final System.Logger LOG = System.getLogger(TensorRtSession.class.getName());
    private static final long POLL_NANOS = 100_000;

    private final String name;
    private final TensorRtBindings.Plan plan;
    private final TensorRtBindings.Context context;
    private final Device device;
    private final Device.Stream stream;
    private final SharedScratch scratch;
    private final SessionInputs inputs;
    private final Map<String, DType> outputs = new LinkedHashMap<>();
    private final Map<String, TensorBuffer> buffers = new LinkedHashMap<>();
    private Map<String, Shape> shapes = Map.of();
    private long scratchPointer;
    private long scratchBytes;
    private Device.@Nullable Recording recording;
    private boolean isRecordable = true;
    private boolean isFresh = true;

    /// Takes over the plan, unless it throws.
    ///
    /// @param model of which names and types of inputs and outputs are read
    /// @throws TensorRtException when the plan is not of this model
    TensorRtSession(OnnxModel model, TensorRtBindings.Plan plan, Workshop.Gpu gpu) {
        this.name = model.name();
        this.plan = plan;
        this.device = gpu.device();
        this.stream = gpu.stream();
        this.scratch = gpu.scratch();
        this.inputs = new SessionInputs(TensorRtEngineProvider.ID, model.proto().getGraph());
        for (ValueInfoProto output : model.proto().getGraph().getOutputList()) {
            outputs.put(
                    output.getName(),
                    OnnxTypes.dtype(output.getType().getTensorType().getElemType()));
        }
        for (String tensor : plan.tensors()) {
            buffers.put(tensor, new TensorBuffer(device, plan.isReadOnHost(tensor)));
        }
        for (String output : outputs.keySet()) {
            if (!buffers.containsKey(output)) {
                throw new TensorRtException("the engine has no output " + output + "; it has " + buffers.keySet());
            }
        }
        this.context = plan.newContext();
    }

    @Override
    public List<String> inputs() {
        return inputs.names();
    }

    @Override
    public List<String> outputs() {
        return List.copyOf(outputs.keySet());
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> values, CancellationToken cancellation) {
        return run(values, Map.of(), cancellation);
    }

    @Override
    public void runInto(Map<String, Tensor> values, Map<String, Tensor> targets, CancellationToken cancellation) {
        for (String target : targets.keySet()) {
            if (!outputs.containsKey(target)) {
                throw new IllegalArgumentException(
                        "there is no output " + target + "; the outputs are " + outputs.keySet());
            }
        }
        if (!targets.isEmpty()) {
            run(values, targets, cancellation);
        }
    }

    private Map<String, Tensor> run(
            Map<String, Tensor> values, Map<String, Tensor> targets, CancellationToken cancellation) {
        cancellation.throwIfCancelled();
        Map<String, Tensor> ordered = inputs.check(values);
        scratch.turn().lock();
        try {
            device.makeCurrent();
            await(CancellationToken.NONE);
            upload(ordered);
            Map<String, Shape> results = place();
            queue();
            results.forEach(
                    (output, shape) -> buffer(output).download(dtype(output).byteSize(shape.elements()), stream));
            await(cancellation);
            return targets.isEmpty() ? read(results) : readInto(results, targets);
        } catch (TensorRtException e) {
            beginAnew();
            throw failure(String.valueOf(e.getMessage()), e);
        } catch (EngineException e) {
            beginAnew();
            throw e;
        } finally {
            scratch.turn().unlock();
        }
    }

    private void beginAnew() {
        forgetRecording();
        isFresh = true;
        shapes = Map.of();
    }

    /// Brings inputs over, and tells the context their shapes where they changed.
    private void upload(Map<String, Tensor> values) {
        Map<String, Shape> wanted = new LinkedHashMap<>();
        values.forEach((input, tensor) -> wanted.put(input, tensor.shape()));
        boolean changed = !wanted.equals(shapes);
        for (Map.Entry<String, Tensor> value : values.entrySet()) {
            TensorBuffer buffer = buffers.get(value.getKey());
            if (buffer == null) {
                // The optimizer found that nothing depends on it.
                continue;
            }
            Tensor tensor = value.getValue();
            if (changed) {
                context.inputShape(value.getKey(), tensor.shape());
            }
            if (buffer.reserve(tensor.data().byteSize())) {
                context.address(value.getKey(), buffer.address());
                changed = true;
            }
            changed |= buffer.upload(tensor, stream);
        }
        if (changed) {
            forgetRecording();
            isFresh = true;
            shapes = wanted;
        }
    }

    /// Room for scratch and results.
    private Map<String, Shape> place() {
        Map<String, Shape> results = new LinkedHashMap<>();
        boolean moved = false;
        for (String output : outputs.keySet()) {
            Shape shape = context.shape(output);
            results.put(output, shape);
            if (buffer(output).reserve(dtype(output).byteSize(shape.elements()))) {
                context.address(output, buffer(output).address());
                moved = true;
            }
        }
        boolean isLaidOut = isFresh || moved;
        if (isLaidOut) {
            scratchBytes = context.scratchBytes();
        }
        Device.Memory lent = scratch.lend(scratchBytes);
        if (isLaidOut || lent.pointer() != scratchPointer) {
            context.scratch(lent.pointer(), lent.bytes());
            scratchPointer = lent.pointer();
            forgetRecording();
            isFresh = true;
        }
        return results;
    }

    private void queue() {
        if (isFresh || !isRecordable) {
            context.enqueue(stream.handle());
            isFresh = false;
            return;
        }
        Device.Recording known = recording;
        if (known == null) {
            known = record();
        }
        if (known == null) {
            context.enqueue(stream.handle());
        } else {
            known.launch();
        }
    }

    private Device.@Nullable Recording record() {
        try {
            recording = stream.capture(() -> context.enqueue(stream.handle()));
        } catch (TensorRtException | EngineException e) {
            isRecordable = false;
            LOG.log(
                    System.Logger.Level.INFO,
                    () -> name + " cannot be recorded as a CUDA graph and is queued at every run: " + e.getMessage());
        }
        return recording;
    }

    private void forgetRecording() {
        Device.Recording known = recording;
        if (known != null) {
            recording = null;
            known.close();
        }
    }

    private void await(CancellationToken cancellation) {
        while (!stream.isIdle()) {
            if (cancellation.cancelled()) {
                throw new CancellationException("interrupted in " + name);
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        cancellation.throwIfCancelled();
    }

    private Map<String, Tensor> read(Map<String, Shape> results) {
        Map<String, Tensor> values = new LinkedHashMap<>();
        results.forEach((output, shape) -> {
            Tensor value = Tensor.zeros(dtype(output), shape);
            buffer(output).read(value);
            values.put(output, value);
        });
        return values;
    }

    private Map<String, Tensor> readInto(Map<String, Shape> results, Map<String, Tensor> targets) {
        targets.forEach((output, target) -> {
            Shape shape = Objects.requireNonNull(results.get(output), output);
            if (target.dtype() != dtype(output) || !target.shape().equals(shape)) {
                throw failure(
                        "output " + output + " is " + dtype(output) + shape + ", its target " + target.dtype()
                                + target.shape(),
                        null);
            }
            buffer(output).read(target);
        });
        return Map.of();
    }

    private DType dtype(String output) {
        return Objects.requireNonNull(outputs.get(output), output);
    }

    private TensorBuffer buffer(String tensor) {
        return Objects.requireNonNull(buffers.get(tensor), tensor);
    }

    private EngineException failure(String what, @Nullable Throwable cause) {
        return new EngineException(TensorRtEngineProvider.ID, name + ": " + what, cause);
    }

    @Override
    public void close() {
        scratch.turn().lock();
        try {
            Closing.inOrder(
                    device::makeCurrent,
                    () -> await(CancellationToken.NONE),
                    this::forgetRecording,
                    context::close,
                    plan::close,
                    () -> Closing.inOrder(buffers.values().stream()
                            .map(buffer -> (Runnable) buffer::close)
                            .toArray(Runnable[]::new)));
        } finally {
            scratch.turn().unlock();
        }
    }
}
