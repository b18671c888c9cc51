package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;

/// An array in device memory, in C order without gaps. A view: it owns nothing.
///
/// @param span at least as long as the elements need; may be longer
/// @param dtype F32, BF16, F16, I64, I32, I8, U8 or BOOL; which of them a kernel takes, its launcher says
public record DeviceArray(DeviceSpan span, DType dtype, Shape shape) {

    public DeviceArray {
        if (span.sizeBytes() < dtype.byteSize(shape.elements())) {
            throw new IllegalArgumentException(dtype + shape.toString() + " needs " + dtype.byteSize(shape.elements())
                    + " bytes, the range has " + span.sizeBytes());
        }
    }

    /// The same memory under another shape of as many elements.
    public DeviceArray reshaped(long... dims) {
        Shape other = Shape.of(dims);
        if (other.elements() != shape.elements()) {
            throw new IllegalArgumentException(shape + " does not reshape to " + other);
        }
        return new DeviceArray(span, dtype, other);
    }

    /// Address of the first element.
    public long pointer() {
        return span.pointer();
    }

    /// Bytes of one element.
    public int elementBytes() {
        return dtype.bits() / Byte.SIZE;
    }

    /// Product of the extents of the axes `from` up to, not including, `to`.
    long extent(int from, int to) {
        long extent = 1;
        for (int axis = from; axis < to; axis++) {
            extent *= shape.dim(axis);
        }
        return extent;
    }

    /// Last part of a kernel's name.
    ///
    /// @throws IllegalArgumentException for other types than F32 and BF16
    String suffix(String kernel) {
        return switch (dtype) {
            case F32 -> "_f32";
            case BF16 -> "_bf16";
            default ->
                throw new IllegalArgumentException(kernel + " of " + dtype + shape + "; F32 and BF16 are supported");
        };
    }

    /// @throws IllegalArgumentException when it is of another type
    DeviceArray require(DType wanted, String what) {
        if (dtype != wanted) {
            throw new IllegalArgumentException(what + " is " + dtype + shape + "; " + wanted + " is needed");
        }
        return this;
    }

    /// @throws IllegalArgumentException when it has another number of elements
    DeviceArray requireElements(long elements, String what) {
        if (shape.elements() != elements) {
            throw new IllegalArgumentException(
                    what + " has " + shape.elements() + " elements; " + elements + " are needed");
        }
        return this;
    }
}
