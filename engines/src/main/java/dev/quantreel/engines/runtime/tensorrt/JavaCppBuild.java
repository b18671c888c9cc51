package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Progress;
import dev.quantreel.engines.runtime.tensorrt.JavaCppTensorRt.At;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.global.nvinfer.BuilderFlag;
import org.bytedeco.tensorrt.global.nvinfer.MemoryPoolType;
import org.bytedeco.tensorrt.global.nvinfer.NetworkDefinitionCreationFlag;
import org.bytedeco.tensorrt.global.nvinfer.OptProfileSelector;
import org.bytedeco.tensorrt.global.nvonnxparser;
import org.bytedeco.tensorrt.nvinfer.Dims64;
import org.bytedeco.tensorrt.nvinfer.IBuilder;
import org.bytedeco.tensorrt.nvinfer.IBuilderConfig;
import org.bytedeco.tensorrt.nvinfer.IHostMemory;
import org.bytedeco.tensorrt.nvinfer.ILogger;
import org.bytedeco.tensorrt.nvinfer.INetworkDefinition;
import org.bytedeco.tensorrt.nvinfer.IOptimizationProfile;
import org.bytedeco.tensorrt.nvinfer.ITimingCache;
import org.bytedeco.tensorrt.nvonnxparser.IParser;
import org.bytedeco.tensorrt.nvonnxparser.IParserError;

/// One build: graph, profile, configuration, plan.
final class JavaCppBuild {

    private static final int STEPS = 4;

    private final JavaCppTensorRt library;
    private final BuildRequest request;
    private final Consumer<BuildMessage> listener;
    /// What is freed at the end, the last first.
    private final Deque<Pointer> made = new ArrayDeque<>();

    JavaCppBuild(JavaCppTensorRt library, BuildRequest request, Consumer<BuildMessage> listener) {
        this.library = library;
        this.request = request;
        this.listener = listener;
    }

    void run() throws IOException {
        try {
            listener.accept(new Progress("starting TensorRT", 0, STEPS));
            IBuilder builder = kept(nvinfer.createInferBuilder(library.logger()), "TensorRT's builder does not start");
            INetworkDefinition network = kept(
                    builder.createNetworkV2(1 << NetworkDefinitionCreationFlag.kSTRONGLY_TYPED.value),
                    "TensorRT makes no network");
            listener.accept(new Progress("reading " + request.model().getFileName(), 1, STEPS));
            parse(network);
            IBuilderConfig config = kept(builder.createBuilderConfig(), "TensorRT makes no configuration");
            configure(config);
            addProfile(builder, config);
            ITimingCache times = timingCache(config);
            listener.accept(new Progress("timing tactics and building the engine", 2, STEPS));
            IHostMemory plan = kept(builder.buildSerializedNetwork(network, config), "TensorRT builds no engine");
            listener.accept(new Progress("writing the engine", 3, STEPS));
            write(plan, request.plan());
            keepTimes(times);
            listener.accept(new Progress("done", STEPS, STEPS));
        } finally {
            while (!made.isEmpty()) {
                library.delete(made.pop());
            }
        }
    }

    private <T extends Pointer> T kept(@org.jspecify.annotations.Nullable T pointer, String what) {
        T present = library.required(pointer, what);
        made.push(present);
        return present;
    }

    private void parse(INetworkDefinition network) {
        IParser parser = kept(nvonnxparser.createParser(network, library.logger()), "TensorRT's parser does not start");
        if (parser.parseFromFile(request.model().toString(), ILogger.Severity.kWARNING.value)) {
            return;
        }
        StringBuilder refused = new StringBuilder("the graph is refused");
        for (int i = 0; i < parser.getNbErrors(); i++) {
            IParserError error = parser.getError(i);
            refused.append(i == 0 ? ": " : "; ")
                    .append("node ")
                    .append(error.nodeName())
                    .append(" (")
                    .append(error.nodeOperator())
                    .append("): ")
                    .append(error.desc());
        }
        throw library.failure(refused.toString());
    }

    private void configure(IBuilderConfig config) {
        BuildOptions options = request.options();
        if (options.workspaceBytes() > 0) {
            config.setMemoryPoolLimit(MemoryPoolType.kWORKSPACE, options.workspaceBytes());
        }
        config.setBuilderOptimizationLevel(options.optimizationLevel());
        switch (options.weights()) {
            case IN_PLAN -> {}
            case REFITTABLE -> config.setFlag(BuilderFlag.kREFIT);
            case STRIPPED -> {
                config.setFlag(BuilderFlag.kREFIT);
                config.setFlag(BuilderFlag.kSTRIP_PLAN);
            }
        }
        if (options.weightStreaming()) {
            config.setFlag(BuilderFlag.kWEIGHT_STREAMING);
        }
    }

    private void addProfile(IBuilder builder, IBuilderConfig config) throws IOException {
        OptimizationProfile wanted = OptimizationProfile.read(request.profile());
        // Belongs to the builder.
        IOptimizationProfile profile =
                library.required(builder.createOptimizationProfile(), "TensorRT makes no profile");
        for (OptimizationProfile.Input input : wanted.inputs()) {
            Extents shape = input.shape();
            setDimensions(profile, input.name(), OptProfileSelector.kMIN, shape.min());
            setDimensions(profile, input.name(), OptProfileSelector.kOPT, shape.opt());
            setDimensions(profile, input.name(), OptProfileSelector.kMAX, shape.max());
            input.values().ifPresent(values -> {
                setValues(profile, input.name(), OptProfileSelector.kMIN, values.min());
                setValues(profile, input.name(), OptProfileSelector.kOPT, values.opt());
                setValues(profile, input.name(), OptProfileSelector.kMAX, values.max());
            });
        }
        library.require(profile.isValid(), "the profile " + request.profile().getFileName() + " is not valid");
        library.require(
                config.addOptimizationProfile(profile) == 0,
                "the profile " + request.profile().getFileName() + " does not fit the graph");
    }

    private void setDimensions(
            IOptimizationProfile profile, String input, OptProfileSelector which, List<Long> extents) {
        try (Dims64 dims = dims(extents)) {
            library.require(
                    profile.setDimensions(input, which, dims),
                    "the shape " + extents + " of input " + input + " (" + which + ") is refused");
        }
    }

    private void setValues(IOptimizationProfile profile, String input, OptProfileSelector which, List<Long> values) {
        long[] numbers = values.stream().mapToLong(Long::longValue).toArray();
        library.require(
                profile.setShapeValuesV2(input, which, numbers, numbers.length),
                "the values " + values + " of input " + input + " (" + which + ") are refused");
    }

    static Dims64 dims(List<Long> extents) {
        Dims64 dims = new Dims64();
        dims.nbDims(extents.size());
        for (int axis = 0; axis < extents.size(); axis++) {
            dims.d(axis, extents.get(axis));
        }
        return dims;
    }

    /// Times of earlier builds; an unreadable file is as good as none.
    private ITimingCache timingCache(IBuilderConfig config) throws IOException {
        Path file = request.timingCache();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment known = Files.isRegularFile(file)
                    ? arena.allocateFrom(java.lang.foreign.ValueLayout.JAVA_BYTE, Files.readAllBytes(file))
                    : MemorySegment.NULL;
            ITimingCache cache = config.createTimingCache(new At(known.address()), known.byteSize());
            if (cache == null || cache.isNull()) {
                cache = config.createTimingCache(new At(0), 0);
            }
            ITimingCache present = kept(cache, "TensorRT makes no timing cache");
            library.require(config.setTimingCache(present, false), "the timing cache is refused");
            return present;
        }
    }

    /// A cache that cannot be written is no reason to lose an engine.
    private void keepTimes(ITimingCache times) {
        Path file = request.timingCache();
        Path part = file.resolveSibling(
                "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        try {
            IHostMemory bytes = kept(times.serialize(), "the timing cache cannot be written");
            write(bytes, part);
            EngineCache.move(part, file);
        } catch (IOException | TensorRtException e) {
            listener.accept(new BuildMessage.Log(
                    BuildMessage.Severity.WARNING, "the times of tactics were not kept in " + file + ": " + e));
        } finally {
            part.toFile().delete();
        }
    }

    private static void write(IHostMemory memory, Path file) throws IOException {
        MemorySegment bytes = MemorySegment.ofAddress(memory.data().address()).reinterpret(memory.size());
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            for (long at = 0; at < bytes.byteSize(); ) {
                at += channel.write(bytes.asSlice(at, Math.min(64 << 20, bytes.byteSize() - at))
                        .asByteBuffer());
            }
            channel.force(true);
        }
    }
}
