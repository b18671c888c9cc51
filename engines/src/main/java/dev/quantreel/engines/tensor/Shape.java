package dev.quantreel.engines.tensor;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/// Extents of a tensor, slowest axis first; the empty shape is a scalar.
public final class Shape {

    private final long[] dims;

    private Shape(long[] dims) {
        this.dims = dims;
    }

    /// @throws IllegalArgumentException when an extent is negative
    public static Shape of(long... dims) {
        for (long dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dims) + " has a negative extent");
            }
        }
        return new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    /// Extent of `axis`; negative axes count from the end.
    public long dim(int axis) {
        return dims[axis < 0 ? axis + dims.length : axis];
    }

    /// Product of the extents.
    ///
    /// @throws ArithmeticException when the product overflows a long
    public long elements() {
        long elements = 1;
        for (long dim : dims) {
            elements = Math.multiplyExact(elements, dim);
        }
        return elements;
    }

    public long[] toArray() {
        return dims.clone();
    }

    public List<Long> toList() {
        return LongStream.of(dims).boxed().toList();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return LongStream.of(dims).mapToObj(Long::toString).collect(Collectors.joining("x", "[", "]"));
    }
}
