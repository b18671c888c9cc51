package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;

/// An array in C order. Elements are held as doubles but are always values of the element type: stored floats are
/// rounded to single precision, integers wrap around. Immutable by convention: operators make new arrays.
final class NdArray {

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final DType dtype;
    private final int[] dims;
    private final double[] values;

    private NdArray(DType dtype, int[] dims, double[] values) {
        this.dtype = dtype;
        this.dims = dims;
        this.values = values;
    }

    /// @param element value at each position, rounded to `dtype`
    static NdArray of(DType dtype, int[] dims, IntToDoubleFunction element) {
        double[] values = new double[count(dims)];
        for (int i = 0; i < values.length; i++) {
            values[i] = rounded(dtype, element.applyAsDouble(i));
        }
        return new NdArray(dtype, dims.clone(), values);
    }

    static NdArray from(Tensor tensor) {
        int[] dims = Arrays.stream(tensor.shape().toArray())
                .mapToInt(Math::toIntExact)
                .toArray();
        MemorySegment data = tensor.data();
        return switch (tensor.dtype()) {
            case I64 -> of(DType.I64, dims, i -> data.get(LONG, 8L * i));
            case I32 -> of(DType.I32, dims, i -> data.get(INT, 4L * i));
            default -> {
                float[] floats = Conversions.toFloatArray(tensor);
                yield of(tensor.dtype(), dims, i -> floats[i]);
            }
        };
    }

    Tensor toTensor() {
        Tensor tensor =
                Tensor.zeros(dtype, Shape.of(Arrays.stream(dims).asLongStream().toArray()));
        MemorySegment data = tensor.data();
        for (int i = 0; i < values.length; i++) {
            switch (dtype) {
                case F32 -> data.set(Tensor.FLOAT, 4L * i, (float) values[i]);
                case I64 -> data.set(LONG, 8L * i, (long) values[i]);
                case I32 -> data.set(INT, 4L * i, (int) values[i]);
                case U8, I8, BOOL -> data.set(ValueLayout.JAVA_BYTE, i, (byte) (int) values[i]);
                default -> throw new IllegalArgumentException("a graph output of type " + dtype + " is not supported");
            }
        }
        return tensor;
    }

    DType dtype() {
        return dtype;
    }

    int rank() {
        return dims.length;
    }

    int[] dims() {
        return dims.clone();
    }

    /// Extent of `axis`; negative axes count from the end.
    int dim(int axis) {
        return dims[axis(axis)];
    }

    int axis(int axis) {
        int normalized = axis < 0 ? axis + dims.length : axis;
        if (normalized < 0 || normalized >= dims.length) {
            throw new IllegalArgumentException("axis " + axis + " of an array of " + dims.length + " axes");
        }
        return normalized;
    }

    int size() {
        return values.length;
    }

    double get(int flat) {
        return values[flat];
    }

    /// Elements as integers, for arrays that are shapes, axes or bounds.
    long[] longs() {
        return Arrays.stream(values).mapToLong(v -> (long) v).toArray();
    }

    /// Product of the extents of the axes `from` up to, not including, `to`.
    int extent(int from, int to) {
        return count(Arrays.copyOfRange(dims, from, to));
    }

    NdArray reshaped(int... newDims) {
        if (count(newDims) != values.length) {
            throw new IllegalArgumentException(
                    Arrays.toString(dims) + " does not reshape to " + Arrays.toString(newDims));
        }
        return new NdArray(dtype, newDims.clone(), values);
    }

    NdArray map(DoubleUnaryOperator operation) {
        return of(dtype, dims, i -> operation.applyAsDouble(values[i]));
    }

    /// Combines element by element, repeating axes of extent 1 (multidirectional broadcasting).
    static NdArray zip(DType dtype, NdArray a, NdArray b, DoubleBinaryOperator operation) {
        int[] dims = broadcast(a.dims, b.dims);
        return of(dtype, dims, i -> operation.applyAsDouble(a.get(a.offset(i, dims)), b.get(b.offset(i, dims))));
    }

    /// Position in this array of the element that broadcasts to position `flat` of an array of `outer` extents.
    int offset(int flat, int[] outer) {
        int offset = 0;
        int stride = 1;
        int rest = flat;
        for (int axis = outer.length - 1, own = dims.length - 1; own >= 0; axis--, own--) {
            int index = rest % outer[axis];
            rest /= outer[axis];
            offset += dims[own] == 1 ? 0 : index * stride;
            stride *= dims[own];
        }
        return offset;
    }

    static int[] broadcast(int[] a, int[] b) {
        int[] dims = new int[Math.max(a.length, b.length)];
        for (int i = 1; i <= dims.length; i++) {
            int x = i <= a.length ? a[a.length - i] : 1;
            int y = i <= b.length ? b[b.length - i] : 1;
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException(
                        Arrays.toString(a) + " and " + Arrays.toString(b) + " do not broadcast");
            }
            dims[dims.length - i] = x == 1 ? y : x;
        }
        return dims;
    }

    /// The index of a position along each axis.
    static int[] index(int flat, int[] dims) {
        int[] index = new int[dims.length];
        int rest = flat;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            index[axis] = rest % dims[axis];
            rest /= dims[axis];
        }
        return index;
    }

    /// The position of an index.
    static int flat(int[] index, int[] dims) {
        int flat = 0;
        for (int axis = 0; axis < dims.length; axis++) {
            flat = flat * dims[axis] + index[axis];
        }
        return flat;
    }

    static int count(int[] dims) {
        int count = 1;
        for (int dim : dims) {
            count = Math.multiplyExact(count, dim);
        }
        return count;
    }

    private static double rounded(DType dtype, double value) {
        return switch (dtype) {
            case F32 -> (float) value;
            case U8 -> (long) value & 0xFF;
            case I8 -> (byte) (long) value;
            case I32 -> (int) (long) value;
            case I64 -> (long) value;
            case BOOL -> value == 0 ? 0 : 1;
            case U4, I4, BF16, F16 -> value;
            default -> throw new IllegalArgumentException("element type " + dtype + " is not supported");
        };
    }
}
