package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Type and shape of what a node puts out, by the definition of its operator.
///
/// @param op of the node
/// @param attributes of the node
/// @param inputs empty where an optional one is left out
record ShapeRules(OnnxOp op, NodeAttributes attributes, List<Optional<Operand>> inputs) {

    /// Attribute of a RotateQuantize whose readers all take packed codes: 1.
    static final String PACKED = "packed";

    /// Attribute of a LowBitMatMul whose weight is packed: its rows.
    static final String ROWS = "rows";

    /// @param dtype element type
    /// @param shape extents
    record Form(DType dtype, Shape shape) {}

    static List<Form> of(OnnxOp op, NodeProto node, List<Optional<Operand>> inputs) {
        return new ShapeRules(op, new NodeAttributes(node), inputs).forms(node.getOutputCount());
    }

    private List<Form> forms(int outputs) {
        return switch (op) {
            case Split -> parts(outputs);
            case RotateQuantize -> {
                Shape perToken = with(shape(0), -1, 1);
                yield List.of(
                        new Form(codesOfTokens(), shape(0)),
                        new Form(DType.F32, perToken),
                        new Form(DType.I32, perToken));
            }
            default -> List.of(single());
        };
    }

    private Form single() {
        return switch (op) {
            case Abs, Ceil, Cos, Erf, Exp, Floor, Gelu, Identity, Neg, Reciprocal, Relu, Round, Sigmoid, Sign, Sin ->
                same(0);
            case NormModulate,
                    Sqrt,
                    Tanh,
                    Clip,
                    Softmax,
                    LayerNormalization,
                    SimplifiedLayerNormalization,
                    RotaryEmbedding -> same(0);
            case Add, Sub, Mul, Div, Pow, Max, Min, BitShift -> new Form(dtype(0), broadcast());
            case Equal, Greater -> new Form(DType.BOOL, broadcast());
            case Where -> new Form(dtype(1), broadcast());
            case Cast -> new Form(OnnxTypes.dtype(attributes.integer("to", 0)), shape(0));
            case Concat -> concat();
            case Expand -> new Form(dtype(0), broadcast(shape(0), Shape.of(longs(1))));
            case Gather -> gather();
            case Pad -> pad();
            case Reshape -> new Form(dtype(0), reshape());
            case Slice -> new Form(dtype(0), SliceRange.of(this).shape(shape(0)));
            case Squeeze -> new Form(dtype(0), squeeze());
            case Unsqueeze -> new Form(dtype(0), unsqueeze());
            case Transpose -> new Form(dtype(0), transposed());
            case ReduceMax, ReduceMean, ReduceMin, ReduceSum, ReduceL2 -> new Form(dtype(0), reduced());
            case MatMul, MatMulIntegerToFloat -> new Form(DType.F32, product());
            case MatMulInteger -> new Form(DType.I32, product());
            case LowBitMatMul -> new Form(DType.F32, with(shape(0), -1, outputs()));
            case MultiHeadAttention -> new Form(DType.F32, with(shape(0), -1, shape(2).dim(-1)));
            case QuantizeLinear -> new Form(has(2) ? dtype(2) : codes(), shape(0));
            case DequantizeLinear -> new Form(DType.F32, shape(0));
            case Conv -> convolution();
            default -> throw new IllegalArgumentException("there is no kernel of " + op);
        };
    }

    /// Codes of at most four bits are packed where all that read them can multiply them so.
    private DType codesOfTokens() {
        boolean packs = attributes.integer(PACKED, 0) == 1
                && in(1).known("the largest code").first() <= 7
                && !TokenMode.of(attributes, in(1)).hasMultipliers();
        return packs ? DType.I4 : DType.I8;
    }

    /// Rows of the weight, which a packed weight does not show.
    private long outputs() {
        int rows = attributes.integer(ROWS, 0);
        return rows == 0 ? shape(4).elements() : rows;
    }

    private DType codes() {
        int declared = attributes.integer("output_dtype", 0);
        return declared == 0 ? DType.U8 : OnnxTypes.dtype(declared);
    }

    boolean has(int input) {
        return input < inputs.size() && inputs.get(input).isPresent();
    }

    Operand in(int input) {
        if (!has(input)) {
            throw new IllegalArgumentException("input " + input + " is missing");
        }
        return inputs.get(input).orElseThrow();
    }

    Shape shape(int input) {
        return in(input).shape();
    }

    private DType dtype(int input) {
        return in(input).dtype();
    }

    long[] longs(int input) {
        return in(input).known("input " + input).longs();
    }

    private Form same(int input) {
        return new Form(dtype(input), shape(input));
    }

    private Shape broadcast() {
        return inputs.stream()
                .flatMap(Optional::stream)
                .map(Operand::shape)
                .reduce(ShapeRules::broadcast)
                .orElseThrow();
    }

    /// Multidirectional broadcasting.
    static Shape broadcast(Shape a, Shape b) {
        long[] dims = new long[Math.max(a.rank(), b.rank())];
        for (int i = 1; i <= dims.length; i++) {
            long x = i <= a.rank() ? a.dim(-i) : 1;
            long y = i <= b.rank() ? b.dim(-i) : 1;
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException(a + " and " + b + " do not broadcast");
            }
            dims[dims.length - i] = x == 1 ? y : x;
        }
        return Shape.of(dims);
    }

    static Shape with(Shape shape, int axis, long extent) {
        long[] dims = shape.toArray();
        dims[axis(shape, axis)] = extent;
        return Shape.of(dims);
    }

    static int axis(Shape shape, int axis) {
        int normalized = axis < 0 ? axis + shape.rank() : axis;
        if (normalized < 0 || normalized >= shape.rank()) {
            throw new IllegalArgumentException("axis " + axis + " of " + shape);
        }
        return normalized;
    }

    private Form concat() {
        int axis = axis(shape(0), attributes.integer("axis", 0));
        long extent = 0;
        for (int i = 0; i < inputs.size(); i++) {
            if (!with(shape(i), axis, 0).equals(with(shape(0), axis, 0))) {
                throw new IllegalArgumentException(shape(0) + " and " + shape(i) + " do not join on axis " + axis);
            }
            extent += shape(i).dim(axis);
        }
        return new Form(dtype(0), with(shape(0), axis, extent));
    }

    private List<Form> parts(int outputs) {
        int axis = axis(shape(0), attributes.integer("axis", 0));
        long extent = shape(0).dim(axis);
        List<Form> forms = new ArrayList<>();
        for (int part = 0; part < outputs; part++) {
            long even = Math.ceilDiv(extent, outputs);
            long size = has(1) ? longs(1)[part] : Math.min(even, extent - part * even);
            forms.add(new Form(dtype(0), with(shape(0), axis, size)));
        }
        return forms;
    }

    private Form gather() {
        int axis = axis(shape(0), attributes.integer("axis", 0));
        List<Long> dims = new ArrayList<>(shape(0).toList().subList(0, axis));
        dims.addAll(shape(1).toList());
        dims.addAll(shape(0).toList().subList(axis + 1, shape(0).rank()));
        return new Form(dtype(0), shape(dims));
    }

    private Form pad() {
        long[] pads = longs(1);
        long[] dims = shape(0).toArray();
        for (int axis = 0; axis < dims.length; axis++) {
            dims[axis] += pads[axis] + pads[axis + dims.length];
        }
        return new Form(dtype(0), Shape.of(dims));
    }

    private Shape reshape() {
        long[] dims = longs(1);
        int open = -1;
        long known = 1;
        for (int i = 0; i < dims.length; i++) {
            dims[i] = dims[i] == 0 ? shape(0).dim(i) : dims[i];
            if (dims[i] < 0) {
                open = i;
            } else {
                known *= dims[i];
            }
        }
        if (open >= 0) {
            dims[open] = known == 0 ? 0 : shape(0).elements() / known;
        }
        if (Shape.of(dims).elements() != shape(0).elements()) {
            throw new IllegalArgumentException(shape(0) + " does not reshape to " + Arrays.toString(longs(1)));
        }
        return Shape.of(dims);
    }

    private Shape squeeze() {
        boolean[] gone = new boolean[shape(0).rank()];
        if (has(1)) {
            for (long axis : longs(1)) {
                gone[axis(shape(0), (int) axis)] = true;
            }
        }
        List<Long> dims = new ArrayList<>();
        for (int axis = 0; axis < gone.length; axis++) {
            if (has(1) ? !gone[axis] : shape(0).dim(axis) != 1) {
                dims.add(shape(0).dim(axis));
            }
        }
        return shape(dims);
    }

    private Shape unsqueeze() {
        long[] axes = longs(1);
        int rank = shape(0).rank() + axes.length;
        boolean[] added = new boolean[rank];
        for (long axis : axes) {
            added[(int) (axis < 0 ? axis + rank : axis)] = true;
        }
        long[] dims = new long[rank];
        int next = 0;
        for (int i = 0; i < rank; i++) {
            dims[i] = added[i] ? 1 : shape(0).dim(next++);
        }
        return Shape.of(dims);
    }

    private Shape transposed() {
        int[] perm = permutation(attributes, shape(0).rank());
        return Shape.of(Arrays.stream(perm).mapToLong(shape(0)::dim).toArray());
    }

    /// Source axis of every axis of the result of a Transpose.
    static int[] permutation(NodeAttributes attributes, int rank) {
        int[] reversed = new int[rank];
        for (int i = 0; i < rank; i++) {
            reversed[i] = rank - 1 - i;
        }
        return attributes.integers("perm", reversed);
    }

    /// Which axes a reduction goes over.
    static boolean[] reducedAxes(NodeAttributes attributes, Shape shape, Optional<long[]> axes) {
        boolean[] reduced = new boolean[shape.rank()];
        if (axes.isEmpty() || axes.get().length == 0) {
            Arrays.fill(reduced, attributes.integer("noop_with_empty_axes", 0) == 0);
            return reduced;
        }
        for (long axis : axes.get()) {
            reduced[axis(shape, (int) axis)] = true;
        }
        return reduced;
    }

    private Shape reduced() {
        boolean[] reduced = reducedAxes(attributes, shape(0), has(1) ? Optional.of(longs(1)) : Optional.empty());
        List<Long> dims = new ArrayList<>();
        for (int axis = 0; axis < reduced.length; axis++) {
            if (!reduced[axis]) {
                dims.add(shape(0).dim(axis));
            } else if (attributes.integer("keepdims", 1) == 1) {
                dims.add(1L);
            }
        }
        return shape(dims);
    }

    private Shape product() {
        Shape a = shape(0);
        Shape b = shape(1);
        if (a.rank() < 2 || b.rank() < 2 || a.dim(-1) != b.dim(-2)) {
            throw new IllegalArgumentException(a + " times " + b + " does not fit");
        }
        Shape batch = broadcast(
                shape(a.toList().subList(0, a.rank() - 2)), shape(b.toList().subList(0, b.rank() - 2)));
        List<Long> dims = new ArrayList<>(batch.toList());
        dims.add(a.dim(-2));
        dims.add(b.dim(-1));
        return shape(dims);
    }

    /// Without padding, each patch by itself: the only convolution of a transformer. What is left over at the end of an
    /// axis belongs to no patch.
    private Form convolution() {
        Shape x = shape(0);
        Shape kernel = shape(1);
        int[] strides = attributes.integers("strides", ones(x.rank() - 2));
        boolean patches = attributes.integer("group", 1) == 1
                && attributes.text("auto_pad", "NOTSET").equals("NOTSET")
                && Arrays.stream(attributes.integers("pads")).allMatch(pad -> pad == 0)
                && Arrays.stream(attributes.integers("dilations")).allMatch(d -> d == 1)
                && strides.length == x.rank() - 2;
        long[] dims = x.toArray();
        dims[1] = kernel.dim(0);
        for (int axis = 2; axis < x.rank() && patches; axis++) {
            patches = strides[axis - 2] == kernel.dim(axis);
            dims[axis] = x.dim(axis) / kernel.dim(axis);
        }
        if (!patches) {
            throw new IllegalArgumentException("a convolution of " + x + " with " + kernel
                    + " has no kernel; only patches that lie side by side do");
        }
        return new Form(DType.F32, Shape.of(dims));
    }

    private static int[] ones(int count) {
        int[] ones = new int[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static Shape shape(List<Long> dims) {
        return Shape.of(dims.stream().mapToLong(Long::longValue).toArray());
    }
}
