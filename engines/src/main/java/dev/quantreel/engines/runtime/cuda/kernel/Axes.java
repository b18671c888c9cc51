package dev.quantreel.engines.runtime.cuda.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How a loop over an array walks through several operands: extents, and for each operand the distance in
/// elements between neighbours along each axis, 0 where it repeats. Axes that all operands walk through as one
/// are merged, those of extent 1 left out: most operators come down to one to three axes.
///
/// @param extents at least one, the last one innermost
/// @param strides `[operand][axis]`
record Axes(long[] extents, long[][] strides) {

    /// @param strides of each operand, as long as `extents`
    static Axes merged(long[] extents, long[]... strides) {
        List<Integer> kept = new ArrayList<>();
        long[] widths = extents.clone();
        long[][] steps = Arrays.stream(strides).map(long[]::clone).toArray(long[][]::new);
        for (int axis = 0; axis < extents.length; axis++) {
            if (extents[axis] == 1) {
                continue;
            }
            int outer = kept.isEmpty() ? -1 : kept.getLast();
            if (outer >= 0 && oneRun(steps, outer, axis, widths[axis])) {
                widths[axis] *= widths[outer];
                kept.removeLast();
            }
            kept.add(axis);
        }
        if (kept.isEmpty()) {
            return new Axes(
                    new long[] {1}, Arrays.stream(strides).map(_ -> new long[1]).toArray(long[][]::new));
        }
        return new Axes(
                picked(widths, kept),
                Arrays.stream(steps).map(step -> picked(step, kept)).toArray(long[][]::new));
    }

    private static boolean oneRun(long[][] strides, int outer, int inner, long extent) {
        return Arrays.stream(strides).allMatch(stride -> stride[outer] == stride[inner] * extent);
    }

    private static long[] picked(long[] values, List<Integer> kept) {
        return kept.stream().mapToLong(axis -> values[axis]).toArray();
    }

    /// Distances between neighbours of an array in C order.
    static long[] dense(long[] dims) {
        long[] strides = new long[dims.length];
        long stride = 1;
        for (int axis = dims.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= dims[axis];
        }
        return strides;
    }

    /// Distances of an array that repeats along axes of extent 1, and along those that it does not have, to
    /// fill `outer`.
    ///
    /// @throws IllegalArgumentException when it does not broadcast to `outer`
    static long[] broadcast(long[] dims, long[] outer) {
        long[] own = dense(dims);
        long[] strides = new long[outer.length];
        for (int i = 1; i <= dims.length; i++) {
            long extent = dims[dims.length - i];
            if (i > outer.length ? extent != 1 : extent != 1 && extent != outer[outer.length - i]) {
                throw new IllegalArgumentException(
                        Arrays.toString(dims) + " does not broadcast to " + Arrays.toString(outer));
            }
            if (extent != 1) {
                strides[outer.length - i] = own[dims.length - i];
            }
        }
        return strides;
    }

    int rank() {
        return extents.length;
    }

    long count() {
        return Arrays.stream(extents).reduce(1, Math::multiplyExact);
    }

    /// The axes as a kernel's array of `length` integers.
    static int[] padded(long[] values, int length) {
        int[] result = new int[length];
        for (int i = 0; i < values.length; i++) {
            result[i] = Math.toIntExact(values[i]);
        }
        return result;
    }

    /// A box of the loop.
    ///
    /// @param offsets of each operand's first element, in elements
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Part(long[] offsets, Axes axes) {}

    /// Boxes of at most `most` elements that make up the whole, in order: outer axes are walked through one by one
    /// until what is inside fits, so that no stride of a dense operand is beyond `most` either.
    List<Part> parts(long most) {
        long[] origin = new long[strides.length];
        List<Part> parts = new ArrayList<>();
        addParts(most, 0, origin, parts);
        return parts;
    }

    private void addParts(long most, int axis, long[] offsets, List<Part> parts) {
        long inner = Arrays.stream(extents, axis + 1, rank()).reduce(1, Math::multiplyExact);
        long rows = Math.max(1, most / Math.max(1, inner));
        for (long from = 0; from < extents[axis]; from += rows) {
            long[] moved = offsets.clone();
            for (int operand = 0; operand < moved.length; operand++) {
                moved[operand] += from * strides[operand][axis];
            }
            if (inner > most) {
                addParts(most, axis + 1, moved, parts);
            } else {
                parts.add(new Part(moved, from(axis, Math.min(rows, extents[axis] - from))));
            }
        }
    }

    /// These axes from `axis` on, which has another extent.
    private Axes from(int axis, long extent) {
        long[] kept = Arrays.copyOfRange(extents, axis, rank());
        kept[0] = extent;
        return new Axes(
                kept,
                Arrays.stream(strides)
                        .map(own -> Arrays.copyOfRange(own, axis, rank()))
                        .toArray(long[][]::new));
    }
}
