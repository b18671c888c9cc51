package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.binding.BoundRun;
import dev.quantreel.engines.runtime.ort.binding.IoBinding;
import dev.quantreel.engines.runtime.ort.binding.OrtAllocator;
import dev.quantreel.engines.runtime.ort.binding.OrtApi;
import dev.quantreel.engines.runtime.ort.binding.OrtApiException;
import dev.quantreel.engines.runtime.ort.binding.OrtMemory;
import dev.quantreel.engines.runtime.ort.binding.OrtValue;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Copies values between a device and the host by running graphs that do nothing, with the input bound at one
/// place and the output at the other: ONNX Runtime then copies by its own means, and CUDA need not be bound a
/// second time. Thread-safe.
final class CopySessions implements ResidentMemory.Transport {

    private static final System.Logger LOG = System.getLogger(CopySessions.class.getName());
    private static final Cleaner CLEANER = Cleaner.create();

    private final OrtTarget target;
    private final OrtApi api;
    private final OrtMemory pinned;
    private final OrtMemory host;
    private final Map<DType, OrtModelSession> sessions;

    /// @param target whose device the values are on
    /// @param pinned memory that results should lie in, where sessions have it
    CopySessions(OrtTarget target, OrtApi api, OrtMemory pinned) {
        this.target = target;
        this.api = api;
        this.pinned = pinned;
        this.host = OrtMemory.host(api);
        Map<DType, OrtModelSession> opened = new ConcurrentHashMap<>();
        this.sessions = opened;
        CLEANER.register(this, () -> opened.values().forEach(Session::close));
    }

    @Override
    public MemorySegment toHost(OrtValue value) {
        OrtValue.Type type = value.type();
        long session = session(type.dtype());
        try (BoundRun run = new BoundRun(api);
                IoBinding binding = new IoBinding(api, session)) {
            binding.input("x", value);
            MemorySegment copy = output(binding, session, type);
            binding.run(run);
            return copy;
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private long session(DType dtype) {
        return sessions.computeIfAbsent(dtype, this::open).handle(api);
    }

    @Override
    public OrtValue toDevice(Tensor tensor, OrtMemory device) {
        try (BoundRun run = new BoundRun(api);
                IoBinding binding = new IoBinding(api, session(tensor.dtype()));
                OrtValue value = OrtValue.over(host, tensor)) {
            binding.input("x", value);
            binding.output("y", device);
            binding.run(run);
            return binding.outputs().getFirst();
        } finally {
            Reference.reachabilityFence(tensor);
            Reference.reachabilityFence(this);
        }
    }

    /// Binds memory for the copy.
    private MemorySegment output(IoBinding binding, long session, OrtValue.Type type) {
        Optional<MemorySegment> pinnedCopy = pinned(binding, session, type);
        if (pinnedCopy.isPresent()) {
            return pinnedCopy.get();
        }
        Tensor copy = Tensor.zeros(type.dtype(), type.shape());
        try (OrtValue value = OrtValue.over(host, copy)) {
            binding.output("y", value);
        }
        return copy.data();
    }

    /// Released when nobody holds it any longer; empty where sessions have no such memory.
    private Optional<MemorySegment> pinned(IoBinding binding, long session, OrtValue.Type type) {
        OrtAllocator allocator;
        try {
            allocator = OrtAllocator.of(session, pinned);
        } catch (OrtApiException e) {
            LOG.log(Level.DEBUG, "no pinned memory for {0}{1}: {2}", type.dtype(), type.shape(), e.getMessage());
            return Optional.empty();
        }
        OrtValue value;
        try {
            value = allocator.allocate(type.dtype(), type.shape());
        } catch (OrtApiException e) {
            allocator.close();
            LOG.log(Level.DEBUG, "pinned memory has no {0}{1}: {2}", type.dtype(), type.shape(), e.getMessage());
            return Optional.empty();
        }
        binding.output("y", value);
        return Optional.of(value.data().reinterpret(Arena.ofAuto(), segment -> {
            value.close();
            allocator.close();
        }));
    }

    private OrtModelSession open(DType dtype) {
        return new OrtModelLoader(new Unbound(target), 1, Engine.Use.OCCASIONAL).load(identity(dtype));
    }

    /// A target whose sessions do not know of residents: what closes them must not keep alive what they copy for.
    private record Unbound(OrtTarget target) implements OrtTarget {

        @Override
        public String engine() {
            return target.engine();
        }

        @Override
        public OrtEnvironment environment() {
            return target.environment();
        }

        @Override
        public void addProviders(OrtSession.SessionOptions options) throws OrtException {
            target.addProviders(options);
        }

        @Override
        public boolean streamsWeights() {
            return target.streamsWeights();
        }

        @Override
        public OwnedSession own(String model, OrtSession session) {
            return target.own(model, session);
        }
    }

    /// Of any number of axes.
    private static OnnxModel identity(DType dtype) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("copy of " + dtype);
        graph.output("y", graph.input("x", dtype), dtype);
        OnnxModel scalar = graph.build(Map.of());
        ModelProto.Builder model = scalar.proto().toBuilder();
        model.getGraphBuilder()
                .getInputBuilder(0)
                .getTypeBuilder()
                .getTensorTypeBuilder()
                .clearShape();
        model.getGraphBuilder()
                .getOutputBuilder(0)
                .getTypeBuilder()
                .getTensorTypeBuilder()
                .clearShape();
        return new OnnxModel(model.build(), scalar.weights());
    }
}
