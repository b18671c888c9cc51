package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceMemory;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceArray;
import dev.quantreel.engines.runtime.cuda.kernel.Elementwise;
import dev.quantreel.engines.runtime.cuda.kernel.ElementwiseOp;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import dev.quantreel.engines.runtime.cuda.kernel.MatMul;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;

/// Quantized linears that the low-bit kernels do not have, in the operators of ONNX: several passes over memory in
/// scratch of F32. Sums are those of F32, exact up to 2^24.
final class IntegerSteps {

    private final Elementwise elementwise;
    private final MatMul matMul;
    private final KernelLibrary kernels;
    private Optional<DeviceMemory> limits = Optional.empty();

    IntegerSteps(KernelLibrary kernels) {
        this.kernels = kernels;
        this.elementwise = new Elementwise(kernels);
        this.matMul = new MatMul(kernels);
    }

    static boolean has(OnnxOp op) {
        return op == OnnxOp.QuantizeLinear || op == OnnxOp.MatMulInteger || op == OnnxOp.MatMulIntegerToFloat;
    }

    /// Bytes beside the operands: both factors in F32, and the sums.
    static long scratchBytes(Step step) {
        if (!has(step.op())) {
            return 0;
        }
        if (step.op() == OnnxOp.QuantizeLinear) {
            return 4 * step.in(0).shape().elements();
        }
        return TensorSteps.aligned(4 * step.in(0).shape().elements())
                + TensorSteps.aligned(4 * step.in(1).shape().elements())
                + 4 * step.out().shape().elements();
    }

    void launch(CudaStream stream, StepArrays arrays) {
        if (arrays.step().op() == OnnxOp.QuantizeLinear) {
            quantize(stream, arrays);
        } else {
            product(stream, arrays);
        }
    }

    /// Ends of U8 and I8 on the device, once.
    void prepare(CudaStream stream, Step step) {
        if (step.op() == OnnxOp.QuantizeLinear && limits.isEmpty()) {
            Tensor values = Tensor.of(Shape.of(4), 0, 255, -128, 127);
            DeviceMemory memory = kernels.context().allocate(values.data().byteSize());
            limits = Optional.of(memory);
            stream.upload(memory.span(), values.data());
            stream.synchronize();
        }
    }

    void close() {
        limits.ifPresent(DeviceMemory::close);
        limits = Optional.empty();
    }

    private DeviceArray limit(int index) {
        return new DeviceArray(limits.orElseThrow().slice(4L * index, 4), DType.F32, Shape.of());
    }

    private void quantize(CudaStream stream, StepArrays arrays) {
        DeviceArray x = arrays.in(0);
        DeviceArray scale = arrays.in(1);
        DeviceArray ratio = arrays.scratch(0, DType.F32, x.shape());
        DeviceArray out = arrays.out();
        boolean single = scale.shape().elements() == 1;
        int block = arrays.attributes().integer("block_size", 0);
        int axis = arrays.attributes().integer("axis", 1);
        if (!single && (block == 0 || axis != -1 && axis != x.shape().rank() - 1)) {
            throw new IllegalArgumentException("scales " + scale.shape() + " of " + x.shape() + " along axis " + axis
                    + "; one scale, or one per block of the last axis, have kernels");
        }
        DeviceArray values = single ? x : x.reshaped(blocks(x.shape(), block));
        DeviceArray blocks = ratio.reshaped(values.shape().toArray());
        elementwise.launch(stream, ElementwiseOp.Div, blocks, values, single ? scale : perBlock(scale));
        elementwise.launch(stream, ElementwiseOp.Round, ratio, ratio);
        if (arrays.has(2)) {
            DeviceArray zero = arrays.in(2);
            boolean one = zero.shape().elements() == 1;
            elementwise.launch(stream, ElementwiseOp.Add, blocks, blocks, one || single ? zero : perBlock(zero));
        }
        int first = out.dtype() == DType.I8 ? 2 : 0;
        elementwise.launch(stream, ElementwiseOp.Max, ratio, ratio, limit(first));
        elementwise.launch(stream, ElementwiseOp.Min, ratio, ratio, limit(first + 1));
        elementwise.launch(stream, ElementwiseOp.Copy, out, ratio);
    }

    /// `[..., blocks, block]`.
    private static long[] blocks(Shape shape, int block) {
        long[] dims = new long[shape.rank() + 1];
        System.arraycopy(shape.toArray(), 0, dims, 0, shape.rank());
        dims[shape.rank() - 1] = shape.dim(-1) / block;
        dims[shape.rank()] = block;
        return dims;
    }

    /// `[..., blocks, 1]`.
    private static DeviceArray perBlock(DeviceArray values) {
        long[] dims = new long[values.shape().rank() + 1];
        System.arraycopy(values.shape().toArray(), 0, dims, 0, values.shape().rank());
        dims[dims.length - 1] = 1;
        return values.reshaped(dims);
    }

    private void product(CudaStream stream, StepArrays arrays) {
        boolean scaled = arrays.step().op() == OnnxOp.MatMulIntegerToFloat;
        int firstZero = scaled ? 4 : 2;
        DeviceArray a = arrays.in(0);
        DeviceArray b = arrays.in(1);
        long bytes = TensorSteps.aligned(4 * a.shape().elements());
        DeviceArray left = widened(stream, a, zero(arrays, firstZero), arrays.scratch(0, DType.F32, a.shape()));
        DeviceArray right =
                widened(stream, b, zero(arrays, firstZero + 1), arrays.scratch(bytes, DType.F32, b.shape()));
        if (!scaled) {
            long after = bytes + TensorSteps.aligned(4 * b.shape().elements());
            DeviceArray sums = arrays.scratch(after, DType.F32, arrays.out().shape());
            matMul.f32(stream, left, right, Optional.empty(), sums);
            elementwise.launch(stream, ElementwiseOp.Copy, arrays.out(), sums);
            return;
        }
        DeviceArray out = arrays.out();
        matMul.f32(stream, left, right, Optional.empty(), out);
        elementwise.launch(stream, ElementwiseOp.Mul, out, out, arrays.in(3));
        elementwise.launch(stream, ElementwiseOp.Mul, out, out, arrays.in(2));
        if (arrays.has(6)) {
            elementwise.launch(stream, ElementwiseOp.Add, out, out, arrays.in(6));
        }
    }

    private static Optional<DeviceArray> zero(StepArrays arrays, int input) {
        return arrays.optional(input);
    }

    private DeviceArray widened(CudaStream stream, DeviceArray x, Optional<DeviceArray> zero, DeviceArray into) {
        if (zero.isPresent()) {
            elementwise.launch(stream, ElementwiseOp.Sub, into, x, zero.get());
        } else {
            elementwise.launch(stream, ElementwiseOp.Copy, into, x);
        }
        return into;
    }
}
