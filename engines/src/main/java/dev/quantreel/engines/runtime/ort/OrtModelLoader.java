package dev.quantreel.engines.runtime.ort;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.CodedOutputStream;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.OnnxWriter;
import dev.quantreel.engines.onnx.proto.Onnx.GraphProto;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TypeProto;
import dev.quantreel.engines.onnx.proto.Onnx.ValueInfoProto;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineException;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/// Opens an [OnnxModel] in ONNX Runtime without writing it to a file where that can be avoided.
///
/// Weights whose type the Java API knows are handed over as they lie (direct buffers over their memory); ONNX
/// Runtime copies or repacks them while it opens the session, after which our memory, or the file it maps, is no
/// longer read. The others (4-bit codes) are embedded in the message. Models with more than [#EMBED_LIMIT_BYTES] to
/// embed, and single weights beyond 2 GiB, go through a temporary external-data file, which ONNX Runtime maps.
///
/// Streamed weights become inputs of the graph that the session feeds at every run: ONNX Runtime then neither copies,
/// folds nor repacks them, and a mapped file stays the only place where they lie.
public final class OrtModelLoader {

    static final long EMBED_LIMIT_BYTES = 512L << 20;

    private static final long BUFFER_LIMIT_BYTES = Integer.MAX_VALUE - 64L;

    private final OrtTarget target;
    private final OrtEnvironment environment;
    private final int threads;
    private final Engine.Use use;
    private final long embedLimitBytes;

    /// @param target where sessions run
    /// @param threads worker threads of a session for what runs on the processor
    public OrtModelLoader(OrtTarget target, int threads, Engine.Use use) {
        this(target, threads, use, EMBED_LIMIT_BYTES);
    }

    OrtModelLoader(OrtTarget target, int threads, Engine.Use use, long embedLimitBytes) {
        this.target = target;
        this.environment = target.environment();
        this.threads = threads;
        this.use = use;
        this.embedLimitBytes = embedLimitBytes;
    }

    /// Opens a model.
    ///
    /// @throws EngineException when ONNX Runtime refuses it; names the model and the reason
    public Session open(OnnxModel model) {
        return load(model);
    }

    OrtModelSession load(OnnxModel model) {
        try {
            Map<String, OnnxTensor> fed = new LinkedHashMap<>();
            for (String name : target.streamsWeights() ? model.streamed() : Set.<String>of()) {
                Tensor weight = Objects.requireNonNull(model.weights().get(name), name);
                if (OrtTensors.supports(weight.dtype()) && weight.data().byteSize() <= BUFFER_LIMIT_BYTES) {
                    fed.put(name, OrtTensors.wrap(environment, weight));
                }
            }
            OrtSession session = create(withInputs(model, fed.keySet()));
            return new OrtModelSession(target, session, model, fed, hasArena());
        } catch (OrtException e) {
            throw new EngineException(target.engine(), "cannot open " + model.name() + ": " + e.getMessage(), e);
        }
    }

    /// The model with some of its weights declared as inputs instead.
    private static OnnxModel withInputs(OnnxModel model, Set<String> fed) {
        GraphProto.Builder graph = model.proto().getGraph().toBuilder().clearInitializer();
        for (TensorProto initializer : model.proto().getGraph().getInitializerList()) {
            if (fed.contains(initializer.getName())) {
                graph.addInput(input(initializer));
            } else {
                graph.addInitializer(initializer);
            }
        }
        Map<String, Tensor> rest = new LinkedHashMap<>(model.weights());
        rest.keySet().removeAll(fed);
        return new OnnxModel(model.proto().toBuilder().setGraph(graph).build(), rest);
    }

    private static ValueInfoProto input(TensorProto initializer) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        initializer.getDimsList().forEach(dim -> shape.addDimBuilder().setDimValue(dim));
        return ValueInfoProto.newBuilder()
                .setName(initializer.getName())
                .setType(TypeProto.newBuilder()
                        .setTensorType(TypeProto.Tensor.newBuilder()
                                .setElemType(initializer.getDataType())
                                .setShape(shape)))
                .build();
    }

    private OrtSession create(OnnxModel model) throws OrtException {
        Set<String> embedded = new HashSet<>();
        long embeddedBytes = 0;
        boolean oversized = false;
        for (Map.Entry<String, Tensor> weight : model.weights().entrySet()) {
            if (!OrtTensors.supports(weight.getValue().dtype())) {
                embedded.add(weight.getKey());
                embeddedBytes += weight.getValue().data().byteSize();
            } else {
                oversized |= weight.getValue().data().byteSize() > BUFFER_LIMIT_BYTES;
            }
        }
        return oversized || embeddedBytes > embedLimitBytes
                ? createThroughFile(model)
                : createInMemory(model, embedded);
    }

    @SuppressWarnings("MustBeClosedChecker")
    private OrtSession createInMemory(OnnxModel model, Set<String> embedded) throws OrtException {
        Map<String, OnnxTensorLike> external = new HashMap<>();
        try (OrtSession.SessionOptions options = options(model);
                Arena arena = Arena.ofShared()) {
            for (Map.Entry<String, Tensor> weight : model.weights().entrySet()) {
                if (!embedded.contains(weight.getKey())) {
                    external.put(weight.getKey(), OrtTensors.wrap(environment, weight.getValue()));
                }
            }
            options.addExternalInitializers(external);
            ModelProto proto = OnnxWriter.embed(model, embedded::contains);
            MemorySegment bytes = serialize(proto, arena);
            return environment.createSession(bytes.asByteBuffer(), options);
        } finally {
            external.values().forEach(OnnxTensorLike::close);
        }
    }

    @SuppressWarnings("MustBeClosedChecker")
    private OrtSession createThroughFile(OnnxModel model) throws OrtException {
        try {
            Path folder = Files.createTempDirectory("quantreel-ort");
            Path file = folder.resolve("model.onnx");
            try (OrtSession.SessionOptions options = options(model)) {
                OnnxWriter.write(model, file);
                return environment.createSession(file.toString(), options);
            } finally {
                delete(folder);
            }
        } catch (IOException e) {
            throw new EngineException(
                    target.engine(),
                    "cannot write " + model.name() + " (" + model.weightBytes()
                            + " bytes of weights) to the temporary folder: " + e.getMessage(),
                    e);
        }
    }

    /// Where a mapped file cannot be deleted (Windows), it goes when the JVM ends.
    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (!file.toFile().delete()) {
                    file.toFile().deleteOnExit();
                }
            }
        }
        if (!folder.toFile().delete()) {
            folder.toFile().deleteOnExit();
        }
    }

    /// Closed by the caller.
    @SuppressWarnings("MustBeClosedChecker")
    private OrtSession.SessionOptions options(OnnxModel model) throws OrtException {
        OrtSession.SessionOptions options = new OrtSession.SessionOptions();
        try {
            configure(options, model);
            target.addProviders(options);
            return options;
        } catch (OrtException e) {
            options.close();
            throw e;
        }
    }

    private void configure(OrtSession.SessionOptions options, OnnxModel model) throws OrtException {
        options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
        options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
        options.setIntraOpNumThreads(threads);
        options.setInterOpNumThreads(1);
        // Every session has an arena of its own, which never shrinks: the results of a run that is not repeated would
        // lie in it for good.
        options.setCPUArenaAllocator(hasArena());
        options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
        // Workers sleep between operators instead of spinning: several sessions live side by side, and on a loaded
        // machine
        // of two cores spinning makes small models ten times slower (66 ms instead of 6 ms per forward of the demo
        // model).
        options.addConfigEntry("session.intra_op.allow_spinning", "0");
        // A weight-only product multiplies in fp32, as its graph says, never with activations rounded behind our back.
        options.addConfigEntry("session.qdq_matmulnbits_accuracy_level", "1");
        if (hasFloat8(model)) {
            // ONNX Runtime 1.29 fuses products of dequantized FP8 to an integer product that has no such type.
            options.addConfigEntry("session.disable_quant_qdq", "1");
        }
    }

    private static boolean hasFloat8(OnnxModel model) {
        return model.proto().getGraph().getInitializerList().stream()
                .anyMatch(initializer -> initializer.getDataType() == OnnxTypes.code(DType.F8_E4M3));
    }

    private boolean hasArena() {
        return use == Engine.Use.STEADY;
    }

    private static MemorySegment serialize(ModelProto proto, Arena arena) {
        MemorySegment bytes = arena.allocate(proto.getSerializedSize());
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(bytes.asByteBuffer());
            proto.writeTo(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes;
    }
}
