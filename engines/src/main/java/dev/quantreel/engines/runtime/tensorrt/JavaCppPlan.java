package dev.quantreel.engines.runtime.tensorrt;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.global.nvinfer.ExecutionContextAllocationStrategy;
import org.bytedeco.tensorrt.global.nvinfer.LayerInformationFormat;
import org.bytedeco.tensorrt.global.nvonnxparser;
import org.bytedeco.tensorrt.nvinfer.ICudaEngine;
import org.bytedeco.tensorrt.nvinfer.IEngineInspector;
import org.bytedeco.tensorrt.nvinfer.IRefitter;
import org.bytedeco.tensorrt.nvinfer.IRuntime;
import org.bytedeco.tensorrt.nvonnxparser.IParserRefitter;

/// An engine that TensorRT has opened.
final class JavaCppPlan implements TensorRtBindings.Plan {

    private static final int MOST_NAMES = 5;

    private final JavaCppTensorRt library;
    private final IRuntime runtime;
    private final ICudaEngine engine;
    private final List<String> tensors = new ArrayList<>();

    JavaCppPlan(JavaCppTensorRt library, IRuntime runtime, ICudaEngine engine) {
        this.library = library;
        this.runtime = runtime;
        this.engine = engine;
        for (int i = 0; i < engine.getNbIOTensors(); i++) {
            tensors.add(engine.getIOTensorName(i));
        }
    }

    @Override
    public List<String> tensors() {
        return List.copyOf(tensors);
    }

    @Override
    public boolean isReadOnHost(String tensor) {
        return engine.getTensorLocation(tensor).intern() == nvinfer.TensorLocation.kHOST;
    }

    @Override
    public void refit(Path onnx) {
        library.forgetErrors();
        try (JavaCppTensorRt.Made made = new JavaCppTensorRt.Made(library)) {
            IRefitter refitter = made.kept(
                    nvinfer.createInferRefitter(engine, library.logger()), "the engine takes no other weights");
            IParserRefitter parser = made.kept(
                    nvonnxparser.createParserRefitter(refitter, library.logger()),
                    "TensorRT's parser of weights does not start");
            if (!parser.refitFromFile(onnx.toString())) {
                throw library.failure("the weights do not fit the engine"
                        + JavaCppBuild.told(parser.getNbErrors(), parser::getError));
            }
            requireAll(refitter);
            library.require(refitter.refitCudaEngine(), "the engine cannot be filled with weights");
        }
    }

    private void requireAll(IRefitter refitter) {
        int missing = refitter.getMissingWeights(0, (PointerPointer<?>) null);
        if (missing <= 0) {
            return;
        }
        int told = Math.min(missing, MOST_NAMES);
        List<String> names = new ArrayList<>();
        try (PointerPointer<Pointer> pointers = new PointerPointer<>(told)) {
            refitter.getMissingWeights(told, pointers);
            for (int i = 0; i < told; i++) {
                names.add(pointers.getString(i));
            }
        }
        throw library.failure("the graph has no weights for " + String.join(", ", names)
                + (missing > told ? " and " + (missing - told) + " more" : ""));
    }

    @Override
    public TensorRtBindings.Streaming streamWeights(long spareBytes) {
        library.forgetErrors();
        long automatic = engine.getWeightStreamingAutomaticBudget();
        hold(automatic);
        long held = Math.max(0, Math.min(automatic, spareBytes - engine.getDeviceMemorySizeForProfileV2(0)));
        if (held < automatic) {
            hold(held);
        }
        return new TensorRtBindings.Streaming(
                engine.getStreamableWeightsSize(),
                engine.getWeightStreamingBudgetV2(),
                engine.getDeviceMemorySizeForProfileV2(0));
    }

    private void hold(long bytes) {
        library.require(
                engine.setWeightStreamingBudgetV2(bytes),
                "weights cannot be streamed within " + bytes + " bytes of the GPU's memory");
    }

    @Override
    public String layers() {
        library.forgetErrors();
        try (JavaCppTensorRt.Made made = new JavaCppTensorRt.Made(library)) {
            IEngineInspector inspector = made.kept(engine.createEngineInspector(), "the engine cannot be inspected");
            String layers = inspector.getEngineInformation(LayerInformationFormat.kJSON);
            if (layers == null) {
                throw library.failure("the engine's layers are not told");
            }
            return layers;
        }
    }

    @Override
    public TensorRtBindings.Context newContext() {
        library.forgetErrors();
        return new JavaCppContext(
                library,
                library.required(
                        engine.createExecutionContext(ExecutionContextAllocationStrategy.kUSER_MANAGED),
                        "the engine makes no context"));
    }

    @Override
    public void close() {
        library.delete(engine);
        library.delete(runtime);
    }
}
