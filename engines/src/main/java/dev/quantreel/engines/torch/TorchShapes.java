package dev.quantreel.engines.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// Operators that move elements without changing them.
final class TorchShapes {

    private TorchShapes() {}

    static NDArray transposed(TorchNode call) {
        NDArray x = call.in(0);
        int rank = x.getShape().dimension();
        int[] order = call.integers("perm");
        return x.transpose(
                order.length > 0
                        ? order
                        : IntStream.range(0, rank).map(i -> rank - 1 - i).toArray());
    }

    /// 0 keeps an extent, -1 takes what is left.
    static NDArray reshaped(TorchNode call) {
        NDArray x = call.in(0);
        long[] dims = call.longs(1);
        for (int i = 0; i < dims.length; i++) {
            dims[i] = dims[i] == 0 ? x.getShape().get(i) : dims[i];
        }
        return x.reshape(new Shape(dims));
    }

    static NDArray squeezed(TorchNode call) {
        NDArray x = call.in(0);
        Shape shape = x.getShape();
        boolean[] gone = new boolean[shape.dimension()];
        if (call.has(1)) {
            for (long axis : call.longs(1)) {
                gone[TorchNode.axis(x, axis)] = true;
            }
        } else {
            for (int i = 0; i < gone.length; i++) {
                gone[i] = shape.get(i) == 1;
            }
        }
        return x.reshape(new Shape(IntStream.range(0, gone.length)
                .filter(i -> !gone[i])
                .mapToLong(shape::get)
                .toArray()));
    }

    static NDArray unsqueezed(TorchNode call) {
        NDArray x = call.in(0);
        long[] axes = call.longs(1);
        int rank = x.getShape().dimension() + axes.length;
        boolean[] added = new boolean[rank];
        for (long axis : axes) {
            added[(int) (axis < 0 ? axis + rank : axis)] = true;
        }
        long[] dims = new long[rank];
        int next = 0;
        for (int i = 0; i < rank; i++) {
            dims[i] = added[i] ? 1 : x.getShape().get(next++);
        }
        return x.reshape(new Shape(dims));
    }

    static NDArray expanded(TorchNode call) {
        NDArray x = call.in(0);
        return TorchElementwise.stretched(x, TorchElementwise.broadcast(x.getShape(), new Shape(call.longs(1))));
    }

    static NDArray joined(TorchNode call) {
        NDList parts = new NDList();
        for (int i = 0; i < call.node().getInputCount(); i++) {
            parts.add(call.in(i));
        }
        return NDArrays.concat(parts, TorchNode.axis(parts.getFirst(), call.integer("axis", 0)));
    }

    static List<NDArray> split(TorchNode call) {
        NDArray x = call.in(0);
        int axis = TorchNode.axis(x, call.integer("axis", 0));
        int parts = call.node().getOutputCount();
        long extent = x.getShape().get(axis);
        long[] sizes = call.has(1) ? call.longs(1) : new long[parts];
        if (!call.has(1)) {
            Arrays.fill(sizes, Math.ceilDiv(extent, (long) parts));
        }
        List<NDArray> results = new ArrayList<>();
        long start = 0;
        for (int part = 0; part < parts; part++) {
            long end = Math.min(start + sizes[part], extent);
            results.add(slice(x, axis, start, end));
            start = end;
        }
        return results;
    }

    /// Steps of 1.
    static NDArray sliced(TorchNode call) {
        NDArray x = call.in(0);
        long[] starts = call.longs(1);
        long[] ends = call.longs(2);
        long[] axes =
                call.has(3) ? call.longs(3) : LongStream.range(0, starts.length).toArray();
        if (call.has(4) && Arrays.stream(call.longs(4)).anyMatch(step -> step != 1)) {
            throw new IllegalArgumentException("only slices of steps of 1 are supported");
        }
        for (int i = 0; i < starts.length; i++) {
            int axis = TorchNode.axis(x, axes[i]);
            long extent = x.getShape().get(axis);
            long start = Math.clamp(starts[i] < 0 ? starts[i] + extent : starts[i], 0L, extent);
            long end = Math.clamp(ends[i] < 0 ? ends[i] + extent : ends[i], start, extent);
            x = slice(x, axis, start, end);
        }
        return x;
    }

    private static NDArray slice(NDArray x, int axis, long start, long end) {
        return start == 0 && end == x.getShape().get(axis)
                ? x
                : x.get(new NDIndex().addAllDim(axis).addSliceDim(start, end));
    }

    static NDArray gathered(TorchNode call) {
        NDArray x = call.in(0);
        int axis = TorchNode.axis(x, call.integer("axis", 0));
        long extent = x.getShape().get(axis);
        long[] indices = Arrays.stream(call.longs(1))
                .map(index -> index < 0 ? index + extent : index)
                .toArray();
        int rank = call.known(1).map(tensor -> tensor.shape().rank()).orElse(1);
        if (rank > 1) {
            throw new IllegalArgumentException("only indices on one axis are supported");
        }
        if (rank == 0) {
            return slice(x, axis, indices[0], indices[0] + 1).squeeze(axis);
        }
        if (x.getShape().dimension() == 1) {
            NDArray positions = call.values().manager().create(indices, new Shape(indices.length));
            return x.gather(positions.toType(DataType.INT64, false), 0);
        }
        NDList parts = new NDList();
        for (long index : indices) {
            parts.add(slice(x, axis, index, index + 1));
        }
        return NDArrays.concat(parts, axis);
    }

    /// With zeros, at either end of an axis.
    static NDArray padded(TorchNode call) {
        if (!call.text("mode", "constant").equals("constant") || call.has(2) && call.number(2) != 0 || call.has(3)) {
            throw new IllegalArgumentException("only padding of all axes with zeros is supported");
        }
        NDArray x = call.in(0);
        long[] pads = call.longs(1);
        int rank = x.getShape().dimension();
        for (int axis = 0; axis < rank; axis++) {
            NDList parts = new NDList();
            zeros(call, x, axis, pads[axis]).ifPresent(parts::add);
            parts.add(x);
            zeros(call, x, axis, pads[axis + rank]).ifPresent(parts::add);
            x = parts.size() == 1 ? x : NDArrays.concat(parts, axis);
        }
        return x;
    }

    private static java.util.Optional<NDArray> zeros(TorchNode call, NDArray x, int axis, long extent) {
        long[] dims = x.getShape().getShape().clone();
        dims[axis] = extent;
        return extent == 0
                ? java.util.Optional.empty()
                : java.util.Optional.of(call.values().manager().zeros(new Shape(dims)));
    }
}
