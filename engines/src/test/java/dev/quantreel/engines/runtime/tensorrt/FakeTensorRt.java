package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;

/// TensorRT as far as its contract goes: a plan is the graph with its profile, a run is ONNX Runtime's, which reads and
/// writes at the addresses that were given when it was queued. Holds its user to the rules: shapes within the profile,
/// addresses before queueing, scratch memory that nobody else writes into while a run is on.
final class FakeTensorRt implements TensorRtBindings {

    private static final int MAGIC = 0x46414b45;

    /// What a run asks for, per element of its inputs.
    private static final long SCRATCH_PER_ELEMENT = 8;

    private final Engine ort = new OrtEngineProvider().create(new EngineOptions(1));
    private final Set<String> onHost;
    int version = 101501;
    int openPlans;
    int openContexts;
    int refits;
    int builds;
    int inspections;
    int layouts;
    String layers = "{\"Layers\": []}";
    final List<Long> spare = new ArrayList<>();

    FakeTensorRt(String... onHost) {
        this.onHost = Set.of(onHost);
    }

    /// As [EngineBuilder], without a process.
    PlanBuilder builder() {
        return (request, listener, cancellation) -> {
            cancellation.throwIfCancelled();
            try {
                build(request, listener);
            } catch (TensorRtException | IOException e) {
                throw new EngineException(
                        "tensorrt", request.model().getFileName() + " cannot be built: " + e.getMessage(), e);
            }
        };
    }

    @Override
    public int libraryVersion() {
        return version;
    }

    @Override
    public int boundVersion() {
        return 101501;
    }

    @Override
    public void build(BuildRequest request, Consumer<BuildMessage> listener) throws IOException {
        builds++;
        listener.accept(new BuildMessage.Progress("building", 1, 2));
        byte[] graph = Files.readAllBytes(request.model());
        try {
            ort.open(model(graph)).close();
        } catch (EngineException e) {
            throw new TensorRtException(String.valueOf(e.getMessage()));
        }
        boolean stripped = request.options().weights() == BuildOptions.Weights.STRIPPED;
        try (DataOutputStream out = new DataOutputStream(Files.newOutputStream(request.plan()))) {
            out.writeInt(MAGIC);
            out.writeInt(version);
            out.writeUTF(OptimizationProfile.read(request.profile()).toJson());
            out.writeInt(stripped ? 0 : graph.length);
            out.write(graph, 0, stripped ? 0 : graph.length);
        }
    }

    private static OnnxModel model(byte[] graph) {
        try {
            return new OnnxModel(ModelProto.parseFrom(graph), Map.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Plan open(MemorySegment plan) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(plan.toArray(ValueLayout.JAVA_BYTE)))) {
            if (in.readInt() != MAGIC || in.readInt() != version) {
                throw new TensorRtException("the engine cannot be opened, it may be damaged");
            }
            OptimizationProfile profile = OptimizationProfile.parse("plan", in.readUTF());
            return new FakePlan(profile, in.readNBytes(in.readInt()));
        } catch (IOException e) {
            throw new TensorRtException("the engine cannot be opened, it may be damaged");
        }
    }

    private final class FakePlan implements Plan {

        private final OptimizationProfile profile;
        private OnnxModel graph = new OnnxModel(ModelProto.getDefaultInstance(), Map.of());

        FakePlan(OptimizationProfile profile, byte[] bytes) {
            this.profile = profile;
            if (bytes.length > 0) {
                graph = model(bytes);
            }
            openPlans++;
        }

        @Override
        public List<String> tensors() {
            List<String> names = new ArrayList<>();
            profile.inputs().forEach(input -> names.add(input.name()));
            graph.proto().getGraph().getOutputList().forEach(output -> names.add(output.getName()));
            return names;
        }

        @Override
        public boolean isReadOnHost(String tensor) {
            return onHost.contains(tensor);
        }

        @Override
        public void refit(Path onnx) {
            refits++;
            try {
                graph = model(Files.readAllBytes(onnx));
            } catch (IOException e) {
                throw new TensorRtException("the weights do not fit the engine: " + e.getMessage());
            }
        }

        @Override
        public Streaming streamWeights(long spareBytes) {
            if (openContexts > 0) {
                throw new TensorRtException("a budget is set before the first context");
            }
            spare.add(spareBytes);
            return new Streaming(0, 0, 0);
        }

        @Override
        public String layers() {
            inspections++;
            return layers;
        }

        @Override
        public Context newContext() {
            openContexts++;
            return new FakeContext(this);
        }

        @Override
        public void close() {
            openPlans--;
        }
    }

    private final class FakeContext implements Context {

        private final FakePlan plan;
        private final Session session;
        private final Map<String, Shape> shapes = new LinkedHashMap<>();
        private final Map<String, Long> addresses = new LinkedHashMap<>();
        private Map<String, Shape> results = Map.of();
        private MemorySegment scratch = MemorySegment.NULL;

        FakeContext(FakePlan plan) {
            this.plan = plan;
            this.session = ort.open(plan.graph);
        }

        @Override
        public void inputShape(String tensor, Shape shape) {
            OptimizationProfile.Input input = plan.profile.input(tensor).orElseThrow();
            List<Long> max = input.shape().max();
            for (int axis = 0; axis < shape.rank(); axis++) {
                if (shape.dim(axis) > max.get(axis)
                        || shape.dim(axis) < input.shape().min().get(axis)) {
                    throw new TensorRtException("the engine was not built for " + tensor + " of " + shape);
                }
            }
            shapes.put(tensor, shape);
            results = Map.of();
        }

        /// By a run on zeros, but for what is read on the host.
        @Override
        public Shape shape(String tensor) {
            if (results.isEmpty() || !onHost.isEmpty()) {
                Map<String, Tensor> zeros = new LinkedHashMap<>();
                shapes.forEach((name, shape) ->
                        zeros.put(name, onHost.contains(name) ? at(name, shape) : Tensor.zeros(dtype(name), shape)));
                Map<String, Shape> found = new LinkedHashMap<>();
                session.run(zeros, CancellationToken.NONE).forEach((name, value) -> found.put(name, value.shape()));
                results = found;
            }
            return Objects.requireNonNull(results.get(tensor));
        }

        @Override
        public long scratchBytes() {
            layouts++;
            scratch = MemorySegment.NULL;
            return wantedBytes();
        }

        private long wantedBytes() {
            return SCRATCH_PER_ELEMENT
                    * shapes.values().stream().mapToLong(Shape::elements).sum();
        }

        @Override
        public void scratch(long pointer, long bytes) {
            scratch = MemorySegment.ofAddress(pointer).reinterpret(bytes);
        }

        @Override
        public void address(String tensor, long pointer) {
            addresses.put(tensor, pointer);
        }

        private Tensor at(String name, Shape shape) {
            DType dtype = dtype(name);
            long bytes = dtype.byteSize(shape.elements());
            long address = Objects.requireNonNull(addresses.get(name), () -> name + " has no address");
            return new Tensor(dtype, shape, MemorySegment.ofAddress(address).reinterpret(bytes));
        }

        private DType dtype(String name) {
            for (ValueInfoProto input : plan.graph.proto().getGraph().getInputList()) {
                if (input.getName().equals(name)) {
                    return OnnxTypes.dtype(input.getType().getTensorType().getElemType());
                }
            }
            for (ValueInfoProto output : plan.graph.proto().getGraph().getOutputList()) {
                if (output.getName().equals(name)) {
                    return OnnxTypes.dtype(output.getType().getTensorType().getElemType());
                }
            }
            throw new IllegalArgumentException(name);
        }

        /// Shapes and addresses are those of now, also when a recording runs it later.
        @Override
        public void enqueue(long stream) {
            if (scratch.byteSize() < wantedBytes()) {
                throw new TensorRtException("scratch memory of " + scratch.byteSize() + " bytes is too small");
            }
            Map<String, Tensor> inputs = new LinkedHashMap<>();
            shapes.forEach((name, shape) -> inputs.put(name, at(name, shape)));
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            session.outputs().forEach(name -> outputs.put(name, at(name, shape(name))));
            // What a recording keeps of the host is what it read while it was made.
            onHost.forEach(name -> inputs.computeIfPresent(name, (_, tensor) -> copy(tensor)));
            MemorySegment own = scratch;
            FakeDevice.stream(stream).queue(() -> {
                byte mark = (byte) System.identityHashCode(inputs);
                own.fill(mark);
                session.runInto(inputs, outputs, CancellationToken.NONE);
                for (long i = 0; i < own.byteSize(); i++) {
                    if (own.get(ValueLayout.JAVA_BYTE, i) != mark) {
                        throw new IllegalStateException("somebody wrote into the scratch memory of a run");
                    }
                }
            });
        }

        private static Tensor copy(Tensor tensor) {
            Tensor copied = Tensor.zeros(tensor.dtype(), tensor.shape());
            copied.data().copyFrom(tensor.data());
            return copied;
        }

        @Override
        public void close() {
            openContexts--;
            session.close();
        }
    }
}
