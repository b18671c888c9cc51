package dev.quantreel.engines.runtime.cuda;

import org.jspecify.annotations.Nullable;

/// The device, or the limit that the user set, has not enough memory for something that the engine knows by name.
final class OutOfDeviceMemoryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final long askedBytes;
    private final long availableBytes;

    OutOfDeviceMemoryException(
            String what, long askedBytes, long availableBytes, String state, @Nullable Throwable cause) {
        super(
                what + " needs " + MemoryBudget.megabytes(askedBytes) + ", "
                        + MemoryBudget.megabytes(Math.max(0, availableBytes)) + " can be had (" + state + ")",
                cause);
        this.askedBytes = askedBytes;
        this.availableBytes = availableBytes;
    }

    long askedBytes() {
        return askedBytes;
    }

    long availableBytes() {
        return availableBytes;
    }
}
