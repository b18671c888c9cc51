package dev.quantreel.engines.runtime.cuda.kernel;

import org.jspecify.annotations.Nullable;

/// A kernel cannot be had: neither machine code for the chip nor a compiler, or a source that does not compile.
public final class KernelException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    KernelException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
