package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.kernel.DeviceArray;
import dev.quantreel.engines.runtime.cuda.kernel.Elementwise;
import dev.quantreel.engines.runtime.cuda.kernel.ElementwiseOp;
import dev.quantreel.engines.runtime.cuda.kernel.KernelLibrary;
import dev.quantreel.engines.runtime.cuda.kernel.MatMul;
import dev.quantreel.engines.runtime.cuda.kernel.Rearrange;
import dev.quantreel.engines.runtime.cuda.kernel.Reduction;
import dev.quantreel.engines.runtime.cuda.plan.SliceRange;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.tensor.Shape;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.LongStream;

/// Steps by the kernels of plain tensor operators.
final class TensorSteps {

    private final Elementwise elementwise;
    private final Rearrange rearrange;
    private final Reduction reduction;
    private final MatMul matMul;

    TensorSteps(KernelLibrary kernels) {
        this.elementwise = new Elementwise(kernels);
        this.rearrange = new Rearrange(kernels);
        this.reduction = new Reduction(kernels);
        this.matMul = new MatMul(kernels);
    }

    @SuppressWarnings("checkstyle:MethodLength") // The table of operators.
    void launch(CudaStream stream, StepArrays arrays) {
        OnnxOp op = arrays.step().op();
        switch (op) {
            case Identity, Cast -> elementwise.launch(stream, ElementwiseOp.Copy, arrays.out(), arrays.in(0));
            case Gelu ->
                elementwise.launch(
                        stream,
                        arrays.attributes().text("approximate", "none").equals("tanh")
                                ? ElementwiseOp.GeluTanh
                                : ElementwiseOp.Gelu,
                        arrays.out(),
                        arrays.in(0));
            case BitShift ->
                elementwise.launch(
                        stream,
                        arrays.attributes().text("direction", "").equals("LEFT")
                                ? ElementwiseOp.ShiftLeft
                                : ElementwiseOp.ShiftRight,
                        arrays.out(),
                        arrays.inputs());
            case Clip -> clip(stream, arrays);
            case Max, Min -> fold(stream, ElementwiseOp.valueOf(op.name()), arrays);
            case Concat -> concat(stream, arrays);
            case Split -> split(stream, arrays);
            case Slice -> {
                SliceRange range = SliceRange.of(arrays.step());
                rearrange.slice(stream, arrays.in(0), arrays.out(), array(range.starts()), array(range.steps()));
            }
            case Transpose ->
                rearrange.transpose(
                        stream,
                        arrays.in(0),
                        arrays.out(),
                        arrays.attributes()
                                .integers("perm", reversed(arrays.in(0).shape().rank())));
            case Expand -> rearrange.expand(stream, arrays.in(0), arrays.out());
            case Gather -> rearrange.gather(stream, arrays.in(0), arrays.in(1), axis(arrays, 0), arrays.out());
            case Pad -> pad(stream, arrays);
            case Softmax -> softmax(stream, arrays);
            case ReduceMax -> reduce(stream, Reduction.Kind.Max, arrays);
            case ReduceMean -> reduce(stream, Reduction.Kind.Mean, arrays);
            case ReduceMin -> reduce(stream, Reduction.Kind.Min, arrays);
            case ReduceSum -> reduce(stream, Reduction.Kind.Sum, arrays);
            case ReduceL2 -> reduce(stream, Reduction.Kind.L2, arrays);
            case MatMul -> matMul.f32(stream, arrays.in(0), arrays.in(1), Optional.empty(), arrays.out());
            default -> elementwise.launch(stream, ElementwiseOp.valueOf(op.name()), arrays.out(), arrays.inputs());
        }
    }

    private void clip(CudaStream stream, StepArrays arrays) {
        DeviceArray from = arrays.in(0);
        if (arrays.has(1)) {
            elementwise.launch(stream, ElementwiseOp.Max, arrays.out(), from, arrays.in(1));
            from = arrays.out();
        }
        if (arrays.has(2)) {
            elementwise.launch(stream, ElementwiseOp.Min, arrays.out(), from, arrays.in(2));
            from = arrays.out();
        }
        if (from != arrays.out() && !arrays.has(1) && !arrays.has(2)) {
            elementwise.launch(stream, ElementwiseOp.Copy, arrays.out(), from);
        }
    }

    private void fold(CudaStream stream, ElementwiseOp op, StepArrays arrays) {
        DeviceArray[] inputs = arrays.inputs();
        if (inputs.length == 1) {
            elementwise.launch(stream, ElementwiseOp.Copy, arrays.out(), inputs[0]);
            return;
        }
        elementwise.launch(stream, op, arrays.out(), inputs[0], inputs[1]);
        for (int i = 2; i < inputs.length; i++) {
            elementwise.launch(stream, op, arrays.out(), arrays.out(), inputs[i]);
        }
    }

    private void concat(CudaStream stream, StepArrays arrays) {
        int axis = axis(arrays, 0);
        long[] starts = new long[arrays.out().shape().rank()];
        for (DeviceArray part : arrays.inputs()) {
            if (part.shape().elements() > 0) {
                rearrange.place(stream, part, arrays.out(), starts.clone());
            }
            starts[axis] += part.shape().dim(axis);
        }
    }

    private void split(CudaStream stream, StepArrays arrays) {
        int axis = axis(arrays, 0);
        int rank = arrays.in(0).shape().rank();
        long[] starts = new long[rank];
        long[] steps = LongStream.generate(() -> 1).limit(rank).toArray();
        for (int part = 0; part < arrays.step().outputs().size(); part++) {
            DeviceArray out = arrays.out(part);
            if (out.shape().elements() > 0) {
                rearrange.slice(stream, arrays.in(0), out, starts.clone(), steps);
            }
            starts[axis] += out.shape().dim(axis);
        }
    }

    private void pad(CudaStream stream, StepArrays arrays) {
        String mode = arrays.attributes().text("mode", "constant");
        int rank = arrays.in(0).shape().rank();
        long[] before = Arrays.copyOf(arrays.known(1).longs(), rank);
        if (mode.equals("edge")) {
            rearrange.padEdge(stream, arrays.in(0), arrays.out(), before);
            return;
        }
        boolean isZero = !arrays.has(2) || arrays.known(2).first() == 0;
        if (!mode.equals("constant") || !isZero || arrays.has(3)) {
            throw new IllegalArgumentException("only padding of all axes with zeros or edges has a kernel");
        }
        stream.fill(arrays.out().span(), (byte) 0);
        rearrange.place(stream, arrays.in(0), arrays.out(), before);
    }

    private void softmax(CudaStream stream, StepArrays arrays) {
        int rank = arrays.in(0).shape().rank();
        int axis = arrays.attributes().integer("axis", -1);
        if (axis != -1 && axis != rank - 1) {
            throw new IllegalArgumentException(
                    "Softmax along axis " + axis + " of " + rank + "; the last one has a kernel");
        }
        reduction.softmax(stream, arrays.in(0), arrays.out());
    }

    private void reduce(CudaStream stream, Reduction.Kind kind, StepArrays arrays) {
        boolean[] reduced = arrays.step().reducedAxes();
        int from = 0;
        while (from < reduced.length && !reduced[from]) {
            from++;
        }
        int to = from;
        while (to < reduced.length && reduced[to]) {
            to++;
        }
        for (int axis = to; axis < reduced.length; axis++) {
            if (reduced[axis]) {
                throw new IllegalArgumentException(
                        "axes " + Arrays.toString(reduced) + " are not neighbours; such reductions have no kernel");
            }
        }
        reduction.launch(stream, kind, new Reduction.Input(arrays.in(0), from, to), arrays.out());
    }

    private static int axis(StepArrays arrays, int otherwise) {
        int axis = arrays.attributes().integer("axis", otherwise);
        return axis < 0 ? axis + arrays.in(0).shape().rank() : axis;
    }

    private static int[] reversed(int rank) {
        int[] perm = new int[rank];
        Arrays.setAll(perm, i -> rank - 1 - i);
        return perm;
    }

    private static long[] array(java.util.List<Long> values) {
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    /// Bytes beside the operands: those of the patches of a convolution and of its result by tokens.
    static long scratchBytes(Step step) {
        if (step.op() != OnnxOp.Conv) {
            return 0;
        }
        Shape out = step.out().shape();
        long tokens = out.elements() / out.dim(1);
        long perToken = step.in(1).shape().elements() / out.dim(1);
        long patches = aligned(4 * tokens * perToken);
        boolean isWhole = step.in(0).shape().elements() == tokens * perToken;
        return (isWhole ? patches : 2 * patches) + aligned(4 * out.elements());
    }

    /// A convolution of patches that lie side by side, as a product: patches to rows, times the kernel, rows to
    /// channels.
    void patches(CudaStream stream, StepArrays arrays) {
        DeviceArray x = arrays.in(0);
        DeviceArray weight = arrays.in(1);
        DeviceArray out = arrays.out();
        int axes = x.shape().rank() - 2;
        if (x.shape().dim(0) != 1) {
            throw new IllegalArgumentException("a convolution of " + x.shape() + "; a batch of 1 has a kernel");
        }
        long[] split = new long[1 + 2 * axes];
        int[] perm = new int[1 + 2 * axes];
        long[] ordered = new long[1 + 2 * axes];
        split[0] = x.shape().dim(1);
        perm[axes] = 0;
        for (int i = 0; i < axes; i++) {
            split[1 + 2 * i] = out.shape().dim(2 + i);
            split[2 + 2 * i] = weight.shape().dim(2 + i);
            perm[i] = 1 + 2 * i;
            perm[axes + 1 + i] = 2 + 2 * i;
        }
        Arrays.setAll(ordered, i -> split[perm[i]]);
        long channels = out.shape().dim(1);
        long tokens = out.shape().elements() / channels;
        long perToken = weight.shape().elements() / channels;
        DeviceArray rows = arrays.scratch(0, x.dtype(), Shape.of(ordered));
        rearrange.transpose(
                stream, whole(stream, arrays, out.shape(), weight.shape()).reshaped(split), rows, perm);
        DeviceArray product = arrays.scratch(aligned(4 * tokens * perToken), x.dtype(), Shape.of(tokens, channels));
        matMul.linearF32(
                stream,
                rows.reshaped(tokens, perToken),
                weight.reshaped(channels, perToken),
                arrays.optional(2),
                product);
        rearrange.transpose(stream, product, out.reshaped(channels, tokens), 1, 0);
    }

    /// The input without what is left over behind the last whole patches.
    private DeviceArray whole(CudaStream stream, StepArrays arrays, Shape out, Shape kernel) {
        DeviceArray x = arrays.in(0);
        long[] dims = x.shape().toArray();
        for (int axis = 2; axis < dims.length; axis++) {
            dims[axis] = out.dim(axis) * kernel.dim(axis);
        }
        Shape shape = Shape.of(dims);
        if (shape.equals(x.shape())) {
            return x;
        }
        long behind = aligned(4 * shape.elements()) + aligned(4 * out.elements());
        DeviceArray cut = arrays.scratch(behind, x.dtype(), shape);
        long[] ones = new long[dims.length];
        Arrays.fill(ones, 1);
        rearrange.slice(stream, x, cut, new long[dims.length], ones);
        return cut;
    }

    static long aligned(long bytes) {
        return Math.ceilDiv(bytes, 256) * 256;
    }
}
