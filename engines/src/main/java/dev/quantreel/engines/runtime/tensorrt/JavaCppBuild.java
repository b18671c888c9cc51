package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.runtime.tensorrt.BuildMessage.Progress;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.global.nvinfer.BuilderFlag;
import org.bytedeco.tensorrt.global.nvinfer.MemoryPoolType;
import org.bytedeco.tensorrt.global.nvinfer.NetworkDefinitionCreationFlag;
import org.bytedeco.tensorrt.global.nvinfer.OptProfileSelector;
import org.bytedeco.tensorrt.global.nvinfer.ProfilingVerbosity;
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
    private final JavaCppTensorRt.Made made;

    JavaCppBuild(JavaCppTensorRt library, BuildRequest request, Consumer<BuildMessage> listener) {
        this.library = library;
        this.request = request;
        this.listener = listener;
        this.made = new JavaCppTensorRt.Made(library);
    }

    void run() throws IOException {
        try (made) {
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
            JavaCppTimingCache file = new JavaCppTimingCache(library, config, made, request.timingCache());
            ITimingCache times = file.open();
            listener.accept(new Progress("timing tactics and building the engine", 2, STEPS));
            IHostMemory plan = kept(builder.buildSerializedNetwork(network, config), "TensorRT builds no engine");
            listener.accept(new Progress("writing the engine", 3, STEPS));
            write(plan, request.plan());
            keepTimes(file, times);
            listener.accept(new Progress("done", STEPS, STEPS));
        }
    }

    private <T extends Pointer> T kept(@org.jspecify.annotations.Nullable T pointer, String what) {
        return made.kept(pointer, what);
    }

    private void parse(INetworkDefinition network) {
        IParser parser = kept(nvonnxparser.createParser(network, library.logger()), "TensorRT's parser does not start");
        if (parser.parseFromFile(request.model().toString(), ILogger.Severity.kWARNING.value)) {
            return;
        }
        throw library.failure("the graph is refused" + told(parser.getNbErrors(), parser::getError));
    }

    /// Errors of a parser, behind what failed.
    static String told(int count, IntFunction<IParserError> errors) {
        StringBuilder told = new StringBuilder();
        for (int i = 0; i < count; i++) {
            IParserError error = errors.apply(i);
            told.append(i == 0 ? ": " : "; ")
                    .append("node ")
                    .append(error.nodeName())
                    .append(" (")
                    .append(error.nodeOperator())
                    .append("): ")
                    .append(error.desc());
        }
        return told.toString();
    }

    private void configure(IBuilderConfig config) {
        BuildOptions options = request.options();
        if (options.workspaceBytes() > 0) {
            config.setMemoryPoolLimit(MemoryPoolType.kWORKSPACE, options.workspaceBytes());
        }
        config.setBuilderOptimizationLevel(options.optimizationLevel());
        // Else the engine inspector tells names alone (InspectedLayers).
        config.setProfilingVerbosity(ProfilingVerbosity.kDETAILED);
        switch (options.weights()) {
            case IN_PLAN -> {}
            case REFITTABLE -> config.setFlag(BuilderFlag.kREFIT);
            case STRIPPED -> {
                config.setFlag(BuilderFlag.kSTRIP_PLAN);
                config.setFlag(BuilderFlag.kREFIT_IDENTICAL);
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

    /// A cache that cannot be written is no reason to lose an engine.
    private void keepTimes(JavaCppTimingCache file, ITimingCache times) {
        try {
            file.keep(times);
        } catch (IOException | TensorRtException e) {
            listener.accept(new BuildMessage.Log(
                    BuildMessage.Severity.WARNING,
                    "the times of tactics were not kept in " + request.timingCache() + ": " + e));
        }
    }

    static void write(IHostMemory memory, Path file) throws IOException {
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
