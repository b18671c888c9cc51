package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.tensor.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Operators that move elements without changing them.
final class ShapeOps {

    private ShapeOps() {}

    static NdArray transpose(NdArray x, int[] perm) {
        int[] order = perm.length > 0
                ? perm
                : IntStream.range(0, x.rank()).map(i -> x.rank() - 1 - i).toArray();
        int[] dims = Arrays.stream(order).map(x::dim).toArray();
        int[] source = new int[order.length];
        return NdArray.of(x.dtype(), dims, i -> {
            int[] index = NdArray.index(i, dims);
            for (int axis = 0; axis < order.length; axis++) {
                source[order[axis]] = index[axis];
            }
            return x.get(NdArray.flat(source, x.dims()));
        });
    }

    /// 0 keeps an extent, -1 takes what is left.
    static NdArray reshape(NdArray x, long[] shape) {
        int[] dims = new int[shape.length];
        int known = 1;
        int open = -1;
        for (int i = 0; i < shape.length; i++) {
            dims[i] = shape[i] == 0 ? x.dim(i) : (int) shape[i];
            if (dims[i] < 0) {
                open = i;
            } else {
                known *= dims[i];
            }
        }
        if (open >= 0) {
            dims[open] = x.size() / known;
        }
        return x.reshaped(dims);
    }

    static NdArray shape(NodeCall call) {
        int[] dims = call.in(0).dims();
        int start = call.integer("start", 0);
        int end = call.integer("end", dims.length);
        int from = Math.clamp(start < 0 ? start + dims.length : start, 0, dims.length);
        int to = Math.clamp(end < 0 ? end + dims.length : end, from, dims.length);
        return NdArray.of(DType.I64, new int[] {to - from}, i -> dims[from + i]);
    }

    static NdArray squeeze(NodeCall call) {
        NdArray x = call.in(0);
        boolean[] gone = new boolean[x.rank()];
        if (call.has(1)) {
            for (long axis : call.in(1).longs()) {
                gone[x.axis((int) axis)] = true;
            }
        } else {
            for (int axis = 0; axis < gone.length; axis++) {
                gone[axis] = x.dim(axis) == 1;
            }
        }
        return x.reshaped(
                IntStream.range(0, x.rank()).filter(i -> !gone[i]).map(x::dim).toArray());
    }

    static NdArray unsqueeze(NdArray x, long[] axes) {
        int rank = x.rank() + axes.length;
        boolean[] added = new boolean[rank];
        for (long axis : axes) {
            added[(int) (axis < 0 ? axis + rank : axis)] = true;
        }
        int[] dims = new int[rank];
        int next = 0;
        for (int i = 0; i < rank; i++) {
            dims[i] = added[i] ? 1 : x.dim(next++);
        }
        return x.reshaped(dims);
    }

    static NdArray range(NdArray start, NdArray limit, NdArray delta) {
        int count = (int) Math.max(0, Math.ceil((limit.get(0) - start.get(0)) / delta.get(0)));
        return NdArray.of(start.dtype(), new int[] {count}, i -> start.get(0) + i * delta.get(0));
    }

    static NdArray expand(NdArray x, NdArray shape) {
        int[] wanted = Arrays.stream(shape.longs()).mapToInt(Math::toIntExact).toArray();
        int[] dims = NdArray.broadcast(x.dims(), wanted);
        return NdArray.of(x.dtype(), dims, i -> x.get(x.offset(i, dims)));
    }

    /// Arrays of one shape along a new axis 0.
    static NdArray stack(List<NdArray> parts) {
        NdArray first = parts.getFirst();
        int[] dims = new int[first.rank() + 1];
        dims[0] = parts.size();
        System.arraycopy(first.dims(), 0, dims, 1, first.rank());
        return NdArray.of(
                first.dtype(), dims, flat -> parts.get(flat / first.size()).get(flat % first.size()));
    }

    static NdArray concat(NodeCall call) {
        NdArray first = call.in(0);
        int axis = first.axis(call.integer("axis", 0));
        int[] dims = first.dims();
        List<NdArray> owners = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        for (int i = 0; i < call.inputs().size(); i++) {
            for (int j = 0; j < call.in(i).dim(axis); j++) {
                owners.add(call.in(i));
                positions.add(j);
            }
        }
        dims[axis] = owners.size();
        return NdArray.of(first.dtype(), dims, flat -> {
            int[] index = NdArray.index(flat, dims);
            NdArray owner = owners.get(index[axis]);
            index[axis] = positions.get(index[axis]);
            return owner.get(NdArray.flat(index, owner.dims()));
        });
    }

    static List<NdArray> split(NodeCall call) {
        NdArray x = call.in(0);
        int axis = x.axis(call.integer("axis", 0));
        int parts = call.node().getOutputCount();
        long[] sizes = call.has(1) ? call.in(1).longs() : new long[parts];
        if (!call.has(1)) {
            Arrays.fill(sizes, Math.ceilDiv(x.dim(axis), parts));
        }
        List<NdArray> results = new ArrayList<>();
        int start = 0;
        for (int part = 0; part < parts; part++) {
            int from = start;
            int[] dims = x.dims();
            dims[axis] = Math.min((int) sizes[part], x.dim(axis) - from);
            results.add(NdArray.of(x.dtype(), dims, i -> {
                int[] index = NdArray.index(i, dims);
                index[axis] += from;
                return x.get(NdArray.flat(index, x.dims()));
            }));
            start += dims[axis];
        }
        return results;
    }

    static NdArray slice(NodeCall call) {
        NdArray x = call.in(0);
        long[] starts = call.in(1).longs();
        long[] ends = call.in(2).longs();
        long[] axes = call.has(3)
                ? call.in(3).longs()
                : IntStream.range(0, starts.length).asLongStream().toArray();
        int[] dims = x.dims();
        int[] from = new int[x.rank()];
        int[] step = new int[x.rank()];
        Arrays.fill(step, 1);
        for (int i = 0; i < starts.length; i++) {
            int axis = x.axis((int) axes[i]);
            int extent = x.dim(axis);
            step[axis] = call.has(4) ? (int) call.in(4).longs()[i] : 1;
            boolean forward = step[axis] > 0;
            long start = Math.clamp(starts[i] < 0 ? starts[i] + extent : starts[i], 0L, forward ? extent : extent - 1L);
            long end = Math.clamp(ends[i] < 0 ? ends[i] + extent : ends[i], forward ? 0L : -1L, (long) extent);
            from[axis] = (int) start;
            dims[axis] = (int) Math.max(0, Math.ceilDiv(end - start, step[axis]));
        }
        return NdArray.of(x.dtype(), dims, flat -> {
            int[] index = NdArray.index(flat, dims);
            for (int axis = 0; axis < index.length; axis++) {
                index[axis] = from[axis] + index[axis] * step[axis];
            }
            return x.get(NdArray.flat(index, x.dims()));
        });
    }

    static NdArray gather(NdArray x, NdArray indices, int axis) {
        int at = x.axis(axis);
        int outer = x.extent(0, at);
        int inner = x.extent(at + 1, x.rank());
        int[] dims = IntStream.concat(
                        IntStream.concat(Arrays.stream(x.dims()).limit(at), Arrays.stream(indices.dims())),
                        Arrays.stream(x.dims()).skip(at + 1L))
                .toArray();
        int count = indices.size();
        return NdArray.of(x.dtype(), dims, flat -> {
            int within = flat % inner;
            int which = (int) indices.get(flat / inner % count);
            int row = which < 0 ? which + x.dim(at) : which;
            int block = flat / inner / count;
            if (block >= outer || row < 0 || row >= x.dim(at)) {
                throw new IllegalArgumentException("index " + which + " of " + x.dim(at));
            }
            return x.get((block * x.dim(at) + row) * inner + within);
        });
    }

    /// With a constant, or (`edge`) with the nearest element.
    static NdArray pad(NodeCall call) {
        String mode = call.text("mode", "constant");
        if (!mode.equals("constant") && !mode.equals("edge") || call.has(3)) {
            throw new IllegalArgumentException("only constant and edge padding of all axes is supported");
        }
        NdArray x = call.in(0);
        long[] pads = call.in(1).longs();
        double fill = call.has(2) ? call.in(2).get(0) : 0;
        int[] dims = x.dims();
        for (int axis = 0; axis < dims.length; axis++) {
            dims[axis] += (int) (pads[axis] + pads[axis + dims.length]);
        }
        return NdArray.of(x.dtype(), dims, flat -> {
            int[] index = NdArray.index(flat, dims);
            boolean inside = true;
            for (int axis = 0; axis < index.length; axis++) {
                int at = index[axis] - (int) pads[axis];
                index[axis] = Math.clamp(at, 0, x.dim(axis) - 1);
                inside &= at == index[axis];
            }
            return inside || mode.equals("edge") ? x.get(NdArray.flat(index, x.dims())) : fill;
        });
    }

    /// Blocks of channels to pixels, channels in the order channel, row, column (`CRD`): torch's pixel_shuffle.
    static NdArray depthToSpace(NodeCall call) {
        if (!call.text("mode", "DCR").equals("CRD")) {
            throw new IllegalArgumentException("only mode CRD is supported");
        }
        NdArray x = call.in(0);
        int block = call.integer("blocksize", 1);
        int[] dims = {x.dim(0), x.dim(1) / (block * block), x.dim(2) * block, x.dim(3) * block};
        return NdArray.of(x.dtype(), dims, flat -> {
            int[] at = NdArray.index(flat, dims);
            int channel = (at[1] * block + at[2] % block) * block + at[3] % block;
            return x.get(NdArray.flat(new int[] {at[0], channel, at[2] / block, at[3] / block}, x.dims()));
        });
    }

    /// Nearest neighbour by given scales, positions rounded down.
    static NdArray resize(NodeCall call) {
        boolean known = call.text("mode", "nearest").equals("nearest")
                && call.text("coordinate_transformation_mode", "half_pixel").equals("asymmetric")
                && call.text("nearest_mode", "round_prefer_floor").equals("floor")
                && call.has(2);
        if (!known) {
            throw new IllegalArgumentException("only nearest, asymmetric, floor resizing by scales is supported");
        }
        NdArray x = call.in(0);
        NdArray scales = call.in(2);
        int[] dims = x.dims();
        for (int axis = 0; axis < dims.length; axis++) {
            dims[axis] = (int) Math.floor(dims[axis] * scales.get(axis));
        }
        return NdArray.of(x.dtype(), dims, flat -> {
            int[] index = NdArray.index(flat, dims);
            for (int axis = 0; axis < index.length; axis++) {
                index[axis] = (int) Math.floor(index[axis] / scales.get(axis));
            }
            return x.get(NdArray.flat(index, x.dims()));
        });
    }
}
