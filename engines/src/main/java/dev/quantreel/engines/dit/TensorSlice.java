package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// Where a file keeps a tensor: a whole tensor of its own, or some of the equal parts of a fused one, such as the keys
/// in `[q; k; v]`.
///
/// @param name tensor of the file
/// @param axis cut across this axis: 0 for rows, 1 for columns of a matrix
/// @param first first part
/// @param count parts taken
/// @param parts parts that the tensor consists of
public record TensorSlice(String name, int axis, int first, int count, int parts) {

    public TensorSlice {
        if (axis < 0 || axis > 1 || first < 0 || count < 1 || first + count > parts) {
            throw new IllegalArgumentException(
                    "parts " + first + " to " + (first + count) + " of " + parts + " across axis " + axis);
        }
    }

    /// The whole tensor.
    public static TensorSlice whole(String name) {
        return new TensorSlice(name, 0, 0, 1, 1);
    }

    /// Rows of a fused tensor.
    public static TensorSlice rows(String name, int first, int count, int parts) {
        return new TensorSlice(name, 0, first, count, parts);
    }

    /// Columns of a fused matrix.
    public static TensorSlice columns(String name, int first, int count, int parts) {
        return new TensorSlice(name, 1, first, count, parts);
    }

    TensorSlice prefixed(String prefix) {
        return prefix.isEmpty() ? this : new TensorSlice(prefix + name, axis, first, count, parts);
    }

    boolean isWhole() {
        return count == parts;
    }

    /// Shape of the slice.
    ///
    /// @throws IllegalArgumentException when the parts do not divide the axis
    Shape of(Shape fused) {
        if (isWhole()) {
            return fused;
        }
        long[] dims = fused.toArray();
        if (axis >= dims.length || dims[axis] % parts != 0) {
            throw new IllegalArgumentException(
                    "tensor " + name + " is " + fused + ", expected " + parts + " equal parts across axis " + axis);
        }
        dims[axis] = dims[axis] / parts * count;
        return Shape.of(dims);
    }

    /// The slice of a tensor: a view of its rows, a copy of its columns.
    Tensor of(Tensor fused) {
        if (isWhole()) {
            return fused;
        }
        Shape shape = of(fused.shape());
        long bytes = fused.dtype().byteSize(shape.elements());
        if (axis == 0) {
            long partBytes = bytes / count;
            return new Tensor(fused.dtype(), shape, fused.data().asSlice(first * partBytes, bytes));
        }
        long rows = fused.shape().dim(0);
        long fusedRowBytes = fused.data().byteSize() / rows;
        long rowBytes = bytes / rows;
        Tensor columns = Tensor.zeros(fused.dtype(), shape);
        for (long row = 0; row < rows; row++) {
            long offset = row * fusedRowBytes + first * (rowBytes / count);
            MemorySegment.copy(fused.data(), offset, columns.data(), row * rowBytes, rowBytes);
        }
        return columns;
    }
}
