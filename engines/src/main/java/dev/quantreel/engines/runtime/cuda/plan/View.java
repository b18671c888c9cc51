package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;

/// An array in device memory, in C order without gaps: all of a buffer or a part of one.
///
/// @param offsetBytes from the start of the buffer, a multiple of [#ALIGNMENT]
public record View(Buffer buffer, long offsetBytes, DType dtype, Shape shape) {

    /// What kernels that read 16 bytes at a time need.
    public static final int ALIGNMENT = 16;

    public long bytes() {
        return dtype.byteSize(shape.elements());
    }

    /// The same memory under another shape.
    public View reshaped(Shape other) {
        return new View(buffer, offsetBytes, dtype, other);
    }

    /// A part of it.
    ///
    /// @param fromBytes relative to this view
    public View part(long fromBytes, Shape shape) {
        return new View(buffer, offsetBytes + fromBytes, dtype, shape);
    }

    /// Product of the extents from axis `from` up to, not including, `to`.
    public long extent(int from, int to) {
        long extent = 1;
        for (int axis = from; axis < to; axis++) {
            extent *= shape.dim(axis);
        }
        return extent;
    }

    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
