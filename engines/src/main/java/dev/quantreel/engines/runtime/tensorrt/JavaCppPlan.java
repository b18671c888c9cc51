package dev.quantreel.engines.runtime.tensorrt;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.tensorrt.global.nvinfer;
import org.bytedeco.tensorrt.global.nvinfer.ExecutionContextAllocationStrategy;
import org.bytedeco.tensorrt.global.nvonnxparser;
import org.bytedeco.tensorrt.nvinfer.ICudaEngine;
import org.bytedeco.tensorrt.nvinfer.IRefitter;
import org.bytedeco.tensorrt.nvinfer.IRuntime;
import org.bytedeco.tensorrt.nvonnxparser.IParserRefitter;

/// An engine that TensorRT has opened.
final class JavaCppPlan implements TensorRtBindings.Plan {

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
        IRefitter refitter = library.required(
                nvinfer.createInferRefitter(engine, library.logger()), "the engine takes no other weights");
        try {
            IParserRefitter parser = library.required(
                    nvonnxparser.createParserRefitter(refitter, library.logger()),
                    "TensorRT's parser of weights does not start");
            try {
                library.require(parser.refitFromFile(onnx.toString()), "the weights do not fit the engine");
                library.require(refitter.refitCudaEngine(), "the engine cannot be filled with weights");
            } finally {
                library.delete(parser);
            }
        } finally {
            library.delete(refitter);
        }
    }

    @Override
    public long streamWeights() {
        long budget = engine.getWeightStreamingAutomaticBudget();
        library.require(
                engine.setWeightStreamingBudgetV2(budget),
                "weights cannot be streamed within " + budget + " bytes of the GPU's memory");
        return engine.getWeightStreamingBudgetV2();
    }

    @Override
    public TensorRtBindings.Context newContext() {
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
