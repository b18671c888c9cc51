package dev.quantreel.engines.runtime.tensorrt;

import dev.quantreel.engines.runtime.tensorrt.JavaCppTensorRt.At;
import dev.quantreel.engines.tensor.Shape;
import java.util.Arrays;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.tensorrt.nvinfer.Dims64;
import org.bytedeco.tensorrt.nvinfer.IExecutionContext;

/// A context of an engine, whose scratch memory is ours.
final class JavaCppContext implements TensorRtBindings.Context {

    private final JavaCppTensorRt library;
    private final IExecutionContext context;

    JavaCppContext(JavaCppTensorRt library, IExecutionContext context) {
        this.library = library;
        this.context = context;
    }

    @Override
    public void inputShape(String tensor, Shape shape) {
        library.forgetErrors();
        try (Dims64 dims =
                JavaCppBuild.dims(Arrays.stream(shape.toArray()).boxed().toList())) {
            library.require(
                    context.setInputShape(tensor, dims), "the engine was not built for " + tensor + " of " + shape);
        }
    }

    @Override
    public Shape shape(String tensor) {
        try (Dims64 dims = context.getTensorShape(tensor)) {
            long[] extents = new long[Math.max(0, dims.nbDims())];
            boolean known = dims.nbDims() >= 0;
            for (int axis = 0; axis < extents.length; axis++) {
                extents[axis] = dims.d(axis);
                known &= extents[axis] >= 0;
            }
            library.require(
                    known, "the shape of " + tensor + " is not known before the run: " + Arrays.toString(extents));
            return Shape.of(extents);
        }
    }

    @Override
    public long scratchBytes() {
        return context.updateDeviceMemorySizeForShapes();
    }

    @Override
    public void scratch(long pointer, long bytes) {
        context.setDeviceMemoryV2(new At(pointer), bytes);
    }

    @Override
    public void address(String tensor, long pointer) {
        library.require(context.setTensorAddress(tensor, new At(pointer)), "the address of " + tensor + " is refused");
    }

    @Override
    public void enqueue(long stream) {
        library.forgetErrors();
        library.require(context.enqueueV3(new CUstream_st(new At(stream))), "the run cannot be queued");
    }

    @Override
    public void close() {
        library.delete(context);
    }
}
