package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.Dim3;
import dev.quantreel.engines.runtime.cuda.driver.KernelArguments;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.Arrays;
import java.util.stream.IntStream;

/// Launches `rearrange.cu`: what moves elements of any type without changing them. Input and output never overlap.
///
/// @param kernels where the functions come from
public record Rearrange(KernelLibrary kernels) {

    private static final int MOST_AXES = 8;
    private static final int THREADS = 256;
    private static final int TILE = 32;
    private static final int TILE_ROWS = 8;
    private static final int MOST_GRID = 65_535;
    private static final int MOST_UNIT_BYTES = 16;
    private static final long MOST_ELEMENTS = 1L << 30;

    /// One operand of a copy.
    ///
    /// @param pointer address of the element at index 0
    /// @param strides in elements
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Side(long pointer, long[] strides) {}

    /// ONNX Transpose.
    ///
    /// @param perm source axis of every axis of `out`
    public void transpose(CudaStream stream, DeviceArray in, DeviceArray out, int... perm) {
        long[] dims = in.shape().toArray();
        if (perm.length != dims.length || IntStream.of(perm).distinct().count() != dims.length) {
            throw new IllegalArgumentException(
                    "Transpose of " + in.shape() + " by " + Arrays.toString(perm) + "; it needs each axis once");
        }
        requireShape(out, IntStream.of(perm).mapToLong(axis -> dims[axis]).toArray(), "Transpose");
        if (swapsMatrices(perm) && (in.elementBytes() == 2 || in.elementBytes() == 4)) {
            transposeMatrices(stream, in, out);
            return;
        }
        long[] own = Axes.dense(dims);
        long[] strides = IntStream.of(perm).mapToLong(axis -> own[axis]).toArray();
        copy(stream, in.elementBytes(), out.shape(), side(out), new Side(in.pointer(), strides));
    }

    private static boolean swapsMatrices(int... perm) {
        int rank = perm.length;
        return rank >= 2
                && perm[rank - 1] == rank - 2
                && perm[rank - 2] == rank - 1
                && IntStream.range(0, rank - 2).allMatch(axis -> perm[axis] == axis);
    }

    private void transposeMatrices(CudaStream stream, DeviceArray in, DeviceArray out) {
        int rank = in.shape().rank();
        int rows = Math.toIntExact(in.shape().dim(rank - 2));
        int columns = Math.toIntExact(in.shape().dim(rank - 1));
        long batch = in.extent(0, rank - 2);
        if (batch == 0 || rows == 0 || columns == 0) {
            return;
        }
        int rowTiles = Math.ceilDiv(rows, TILE);
        if (rowTiles > MOST_GRID || batch > MOST_GRID) {
            long[] own = Axes.dense(in.shape().toArray());
            long swapped = own[rank - 1];
            own[rank - 1] = own[rank - 2];
            own[rank - 2] = swapped;
            copy(stream, in.elementBytes(), out.shape(), side(out), new Side(in.pointer(), own));
            return;
        }
        KernelArguments arguments = KernelArguments.of()
                .i64(in.pointer())
                .i64(out.pointer())
                .i32(rows)
                .i32(columns);
        Dim3 grid = Dim3.of(Math.ceilDiv(columns, TILE), rowTiles, Math.toIntExact(batch));
        kernels.function("rearrange", "qr_transpose_" + in.elementBytes())
                .launch(stream, grid, Dim3.of(TILE, TILE_ROWS), 0, arguments);
    }

    /// ONNX Slice and the parts of Split: `out[i] = in[starts + i * steps]`.
    ///
    /// @param starts per axis, of the first element taken
    /// @param steps per axis, negative to go backwards
    public void slice(CudaStream stream, DeviceArray in, DeviceArray out, long[] starts, long[] steps) {
        long[] dims = in.shape().toArray();
        long[] own = Axes.dense(dims);
        long offset = 0;
        for (int axis = 0; axis < dims.length; axis++) {
            long last = starts[axis] + (out.shape().dim(axis) - 1) * steps[axis];
            if (starts[axis] < 0 || starts[axis] >= dims[axis] || last < 0 || last >= dims[axis]) {
                throw new IllegalArgumentException("Slice from " + starts[axis] + " to " + last + " of axis " + axis
                        + " of " + in.shape() + " leaves it");
            }
            offset += starts[axis] * own[axis];
            own[axis] *= steps[axis];
        }
        copy(
                stream,
                in.elementBytes(),
                out.shape(),
                side(out),
                new Side(in.pointer() + offset * in.elementBytes(), own));
    }

    /// The parts of Concat and the middle of Pad: writes `in` into `out` from an index on.
    ///
    /// @param starts per axis, where the first element goes
    public void place(CudaStream stream, DeviceArray in, DeviceArray out, long... starts) {
        long[] own = Axes.dense(out.shape().toArray());
        long offset = 0;
        for (int axis = 0; axis < starts.length; axis++) {
            if (starts[axis] < 0
                    || starts[axis] + in.shape().dim(axis) > out.shape().dim(axis)) {
                throw new IllegalArgumentException(
                        in.shape() + " from " + Arrays.toString(starts) + " on does not fit into " + out.shape());
            }
            offset += starts[axis] * own[axis];
        }
        Side target = new Side(out.pointer() + offset * out.elementBytes(), own);
        copy(stream, in.elementBytes(), in.shape(), target, side(in));
    }

    /// ONNX Expand: repeats `in` to the shape of `out`. One element fills an array.
    public void expand(CudaStream stream, DeviceArray in, DeviceArray out) {
        long[] strides = Axes.broadcast(in.shape().toArray(), out.shape().toArray());
        copy(stream, in.elementBytes(), out.shape(), side(out), new Side(in.pointer(), strides));
    }

    /// ONNX Pad in mode `edge`: what is added repeats the nearest element.
    ///
    /// @param before elements added before each axis; those behind follow from the shape of `out`
    public void padEdge(CudaStream stream, DeviceArray in, DeviceArray out, long... before) {
        padEdge(stream, new Padding(in, out, before), 0, new int[before.length]);
    }

    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Padding(DeviceArray in, DeviceArray out, long[] before) {

        /// Extent of the part of an axis: 0 what is before, 1 the array itself, 2 what is behind.
        long extent(int axis, int part) {
            long own = in.shape().dim(axis);
            return switch (part) {
                case 0 -> before[axis];
                case 1 -> own;
                default -> out.shape().dim(axis) - own - before[axis];
            };
        }
    }

    private void padEdge(CudaStream stream, Padding padding, int axis, int[] parts) {
        if (axis < parts.length) {
            for (int part = 0; part < 3; part++) {
                parts[axis] = part;
                padEdge(stream, padding, axis + 1, parts);
            }
            return;
        }
        long[] extents = new long[parts.length];
        long[] source = Axes.dense(padding.in.shape().toArray());
        long[] target = Axes.dense(padding.out.shape().toArray());
        long from = 0;
        long to = 0;
        for (int i = 0; i < parts.length; i++) {
            extents[i] = padding.extent(i, parts[i]);
            to += target[i]
                    * (parts[i] == 0
                            ? 0
                            : parts[i] == 1 ? padding.before[i] : padding.before[i] + padding.extent(i, 1));
            from += parts[i] == 2 ? source[i] * (padding.extent(i, 1) - 1) : 0;
            source[i] = parts[i] == 1 ? source[i] : 0;
        }
        int bytes = padding.in.elementBytes();
        copy(
                stream,
                bytes,
                Shape.of(extents),
                new Side(padding.out.pointer() + to * bytes, target),
                new Side(padding.in.pointer() + from * bytes, source));
    }

    /// ONNX Gather.
    ///
    /// @param indices I64 or I32; negative ones count from the end, those outside take the nearest row
    /// @param out `[in's axes before `axis`, indices' axes, in's axes behind]`
    public void gather(CudaStream stream, DeviceArray in, DeviceArray indices, int axis, DeviceArray out) {
        if (indices.dtype() != DType.I64) {
            indices.require(DType.I32, "Gather's indices (if not I64)");
        }
        long inner = in.extent(axis + 1, in.shape().rank());
        long picked = indices.shape().elements();
        long outer = in.extent(0, axis);
        out.requireElements(outer * picked * inner, "Gather's output");
        if (outer * picked * inner == 0) {
            return;
        }
        int unit = unit(inner * in.elementBytes(), in.pointer(), out.pointer());
        long width = inner * in.elementBytes() / unit;
        long count = outer * picked * width;
        if (count > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("Gather of " + count + " elements; at most " + Integer.MAX_VALUE);
        }
        KernelArguments arguments = KernelArguments.of()
                .i64(in.pointer())
                .i64(indices.pointer())
                .i32(indices.dtype() == DType.I64 ? 1 : 0)
                .i64(out.pointer())
                .i32((int) count)
                .i32((int) picked)
                .i32(Math.toIntExact(in.shape().dim(axis)))
                .i32((int) width);
        kernels.function("rearrange", "qr_gather_" + unit)
                .launch(stream, Dim3.of((int) Math.ceilDiv(count, (long) THREADS)), Dim3.of(THREADS), 0, arguments);
    }

    /// Copies in the widest units that addresses, strides and the last extent allow.
    private void copy(CudaStream stream, int elementBytes, Shape extents, Side out, Side in) {
        if (extents.elements() == 0) {
            return;
        }
        Axes axes = Axes.merged(extents.toArray(), out.strides, in.strides);
        int last = axes.rank() - 1;
        int unit = elementBytes;
        if (axes.strides()[0][last] == 1 && axes.strides()[1][last] == 1) {
            long[] lengths = new long[2 * last + 3];
            lengths[0] = axes.extents()[last] * elementBytes;
            lengths[1] = out.pointer;
            lengths[2] = in.pointer;
            for (int axis = 0; axis < last; axis++) {
                lengths[3 + 2 * axis] = axes.strides()[0][axis] * elementBytes;
                lengths[4 + 2 * axis] = axes.strides()[1][axis] * elementBytes;
            }
            unit = Math.max(unit, unit(lengths));
        }
        if (axes.rank() > MOST_AXES) {
            throw new IllegalArgumentException(
                    "a copy along " + axes.rank() + " axes that do not merge; at most " + MOST_AXES);
        }
        int ratio = unit / elementBytes;
        Axes wide = ratio == 1 ? axes : widened(axes, ratio);
        for (Axes.Part part : wide.parts(MOST_ELEMENTS)) {
            long[] offsets = part.offsets();
            launch(stream, unit, part.axes(), out.pointer + offsets[0] * unit, in.pointer + offsets[1] * unit);
        }
    }

    private static Axes widened(Axes axes, int ratio) {
        int last = axes.rank() - 1;
        long[] extents = axes.extents().clone();
        extents[last] /= ratio;
        long[][] strides = Arrays.stream(axes.strides())
                .map(own -> IntStream.range(0, own.length)
                        .mapToLong(axis -> axis == last ? 1 : own[axis] / ratio)
                        .toArray())
                .toArray(long[][]::new);
        return new Axes(extents, strides);
    }

    private void launch(CudaStream stream, int unit, Axes axes, long out, long in) {
        long count = axes.count();
        ArgumentStruct struct = new ArgumentStruct().pointer(out).pointer(in);
        struct.i32(axes.rank(), Math.toIntExact(count)).i32(Axes.padded(axes.extents(), MOST_AXES));
        for (int side = 0; side < 2; side++) {
            struct.i64(Arrays.copyOf(axes.strides()[side], MOST_AXES));
        }
        kernels.function("rearrange", "qr_copy_" + unit)
                .launch(
                        stream,
                        Dim3.of((int) Math.ceilDiv(count, (long) THREADS)),
                        Dim3.of(THREADS),
                        0,
                        KernelArguments.of().struct(struct.segment(), ArgumentStruct.ALIGNMENT));
    }

    /// Largest power of two, up to 16, that divides all lengths in bytes.
    private static int unit(long... lengths) {
        int unit = MOST_UNIT_BYTES;
        for (long length : lengths) {
            while (length % unit != 0) {
                unit /= 2;
            }
        }
        return unit;
    }

    private static Side side(DeviceArray array) {
        return new Side(array.pointer(), Axes.dense(array.shape().toArray()));
    }

    private static void requireShape(DeviceArray out, long[] dims, String op) {
        if (!out.shape().equals(Shape.of(dims))) {
            throw new IllegalArgumentException(op + " gives " + Shape.of(dims) + ", the output is " + out.shape());
        }
    }
}
