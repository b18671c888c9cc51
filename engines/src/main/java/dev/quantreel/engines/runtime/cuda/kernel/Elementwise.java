package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.tensor.DType;
import java.util.Arrays;

/// Launches `elementwise.cu`: operators on single elements with numpy's broadcasting, of any types. Floats are
/// computed in F32, integers (where no operand and no result is a float) in I64. Activations (GELU, SiLU),
/// adaLN's shift and scale ([ElementwiseOp#Modulate]) and gated residuals ([ElementwiseOp#MulAdd]) are among
/// the operators.
///
/// @param kernels where the functions come from
public record Elementwise(KernelLibrary kernels) {

    private static final int MOST_AXES = 6;
    private static final int MOST_OPERANDS = 3;
    private static final int THREADS = 256;

    /// Elements of a launch: indices are 32 bits wide.
    private static final long MOST_ELEMENTS = 1L << 30;

    /// Queues `out = op(in...)`.
    ///
    /// @param out in the shape that the inputs broadcast to; may be one of the inputs of the same shape and type
    /// @throws IllegalArgumentException when the shapes do not broadcast, or types and operator do not fit
    public void launch(CudaStream stream, ElementwiseOp op, DeviceArray out, DeviceArray... in) {
        check(op, out, in);
        long[] dims = out.shape().toArray();
        if (out.shape().elements() == 0) {
            return;
        }
        long[][] strides = new long[in.length + 1][];
        strides[in.length] = Axes.dense(dims);
        for (int i = 0; i < in.length; i++) {
            strides[i] = Axes.broadcast(in[i].shape().toArray(), dims);
        }
        Axes axes = Axes.merged(dims, strides);
        if (axes.rank() > MOST_AXES) {
            throw new IllegalArgumentException(
                    op + " of shapes that broadcast along " + axes.rank() + " axes; at most " + MOST_AXES);
        }
        for (Axes.Part part : axes.parts(MOST_ELEMENTS)) {
            launch(stream, new Task(op, out, in, part.axes(), part.offsets()));
        }
    }

    /// One launch.
    ///
    /// @param offsets where the operands begin, in elements; the output's is the last
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Task(ElementwiseOp op, DeviceArray out, DeviceArray[] in, Axes axes, long[] offsets) {

        long extent(int axis) {
            return axes.extents()[axis];
        }

        long count() {
            return axes.count();
        }

        long pointer(int operand) {
            DeviceArray array = operand == in.length ? out : in[operand];
            return array.pointer() + offsets[operand] * array.elementBytes();
        }

        int last() {
            return axes.rank() - 1;
        }

        /// How many neighbours a thread computes at once: 8 where BF16 is among the types, 4 where all are F32,
        /// 1 where others are or extents and addresses do not allow it.
        int width() {
            boolean narrow = out.dtype() == DType.BF16;
            boolean others = out.dtype() != DType.BF16 && out.dtype() != DType.F32;
            for (DeviceArray operand : in) {
                narrow |= operand.dtype() == DType.BF16;
                others |= operand.dtype() != DType.BF16 && operand.dtype() != DType.F32;
            }
            int width = narrow ? 8 : 4;
            return !others && fits(width) ? width : 1;
        }

        private boolean fits(int width) {
            boolean fits = extent(last()) % width == 0 && pointer(in.length) % 16 == 0;
            for (int i = 0; i < in.length && fits; i++) {
                long[] strides = axes.strides()[i];
                boolean dense = strides[last()] == 1 && pointer(i) % 16 == 0;
                for (int axis = 0; axis < last(); axis++) {
                    dense &= strides[axis] % width == 0;
                }
                fits = dense || strides[last()] == 0;
            }
            return fits;
        }

        /// @param width neighbours along the last axis that one thread computes
        ArgumentStruct struct(int width) {
            ArgumentStruct struct = new ArgumentStruct().pointer(pointer(in.length));
            int[] types = new int[MOST_OPERANDS];
            for (int i = 0; i < MOST_OPERANDS; i++) {
                struct.pointer(i < in.length ? pointer(i) : 0);
                types[i] = i < in.length ? code(in[i].dtype()) : 0;
            }
            long[] extents = new long[axes.rank()];
            Arrays.setAll(extents, this::extent);
            extents[last()] /= width;
            struct.i32(code(out.dtype())).i32(types).i32(op.code(), in.length, axes.rank());
            struct.i32((int) (count() / width)).i32(Axes.padded(extents, MOST_AXES));
            for (int i = 0; i < MOST_OPERANDS; i++) {
                long[] strides = i < in.length ? axes.strides()[i].clone() : new long[axes.rank()];
                strides[last()] *= width;
                struct.i32(Axes.padded(strides, MOST_AXES));
            }
            return struct;
        }

        int denseOperands() {
            int bits = 0;
            for (int i = 0; i < in.length; i++) {
                bits |= axes.strides()[i][last()] == 1 ? 1 << i : 0;
            }
            return bits;
        }
    }

    private void launch(CudaStream stream, Task task) {
        int width = task.width();
        KernelArguments arguments =
                KernelArguments.of().struct(task.struct(width).segment(), ArgumentStruct.ALIGNMENT);
        Dim3 grid = Dim3.of(Math.toIntExact(Math.ceilDiv(task.count() / width, (long) THREADS)));
        if (width > 1) {
            kernels.function("elementwise", width == 4 ? "qr_elementwise4_f32" : "qr_elementwise8_bf16")
                    .launch(stream, grid, Dim3.of(THREADS), 0, arguments.i32(task.denseOperands()));
            return;
        }
        String suffix = integers(task.out, task.in) ? "_s64" : "_f32";
        kernels.function("elementwise", "qr_elementwise" + suffix).launch(stream, grid, Dim3.of(THREADS), 0, arguments);
    }

    private static void check(ElementwiseOp op, DeviceArray out, DeviceArray... in) {
        if (in.length != op.operands()) {
            throw new IllegalArgumentException(op + " takes " + op.operands() + " inputs, got " + in.length);
        }
        boolean known = integers(out, in) ? op.ofIntegers() : op.ofFloats();
        if (!known) {
            throw new IllegalArgumentException(op + " does not exist for " + in[0].dtype());
        }
        code(out.dtype());
        for (DeviceArray array : in) {
            code(array.dtype());
        }
    }

    private static boolean integers(DeviceArray out, DeviceArray... in) {
        return isInteger(out.dtype()) && Arrays.stream(in).allMatch(array -> isInteger(array.dtype()));
    }

    private static boolean isInteger(DType dtype) {
        return dtype != DType.F32 && dtype != DType.BF16 && dtype != DType.F16;
    }

    /// Numbers of the types in the kernel.
    private static int code(DType dtype) {
        return switch (dtype) {
            case F32 -> 0;
            case BF16 -> 1;
            case F16 -> 2;
            case I64 -> 3;
            case I32 -> 4;
            case I8 -> 5;
            case U8, BOOL -> 6;
            default ->
                throw new IllegalArgumentException(
                        "elements of " + dtype + "; F32, BF16, F16, I64, I32, I8, U8 and BOOL are supported");
        };
    }
}
