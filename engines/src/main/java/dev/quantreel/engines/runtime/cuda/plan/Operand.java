package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;

/// A value while a graph is planned.
public sealed interface Operand {

    /// A value whose contents follow from shapes, constants and small inputs.
    record Known(Tensor tensor) implements Operand {

        /// The contents of an I64 or I32 tensor.
        public long[] longs() {
            return Contents.longs(tensor);
        }

        /// The first element of an F32 tensor.
        public float first() {
            return tensor.data().get(Tensor.FLOAT, 0);
        }
    }

    /// A value that is on the device when its step runs.
    record Stored(View view) implements Operand {}

    default DType dtype() {
        return switch (this) {
            case Known(Tensor tensor) -> tensor.dtype();
            case Stored(View view) -> view.dtype();
        };
    }

    default Shape shape() {
        return switch (this) {
            case Known(Tensor tensor) -> tensor.shape();
            case Stored(View view) -> view.shape();
        };
    }

    /// @throws IllegalArgumentException when it follows from values on the device
    default Known known(String what) {
        if (this instanceof Known known) {
            return known;
        }
        throw new IllegalArgumentException(what + " is computed on the device, " + dtype() + shape()
                + "; it must follow from shapes and constants");
    }

    /// @throws IllegalArgumentException for what was never put on the device
    default View view() {
        if (this instanceof Stored(View view)) {
            return view;
        }
        throw new IllegalArgumentException("a value of " + dtype() + Arrays.toString(shape().toArray())
                + " that was folded is asked for on the device");
    }
}
