package dev.quantreel.engines.runtime.ort;

import dev.quantreel.engines.runtime.ort.binding.OrtValue;

/// A value of ONNX Runtime that a tensor holds and runs may use; released when all have let go of it. Thread-safe.
final class HeldValue {

    private final OrtValue value;
    private final Runnable onGivenUp;
    private boolean givenUp;
    private int users = 1;

    /// Held by a tensor.
    ///
    /// @param onGivenUp called once, when the tensor gives it up
    HeldValue(OrtValue value, Runnable onGivenUp) {
        this.value = value;
        this.onGivenUp = onGivenUp;
    }

    /// Counts a user more, who says [#release] at the end.
    ///
    /// @return false when the tensor has given it up
    synchronized boolean retain() {
        users += givenUp ? 0 : 1;
        return !givenUp;
    }

    /// The value, for whoever retains it.
    OrtValue value() {
        return value;
    }

    synchronized void release() {
        if (--users == 0) {
            value.close();
        }
    }

    /// The tensor lets go; a second call does nothing.
    synchronized void giveUp() {
        if (!givenUp) {
            handOver();
            release();
        }
    }

    /// The tensor's hold passes on to the caller, who says [#release] at the end.
    synchronized OrtValue handOver() {
        if (givenUp) {
            throw new IllegalStateException("the value was given up");
        }
        givenUp = true;
        onGivenUp.run();
        return value;
    }
}
