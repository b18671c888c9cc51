package dev.quantreel.engines.runtime.cuda.driver;

/// What can be asked of a kernel; numbers of `CUfunction_attribute`.
public enum FunctionAttribute {
    /// Largest block with the registers that the kernel needs.
    MAX_THREADS_PER_BLOCK(0),
    STATIC_SHARED_BYTES(1),
    CONSTANT_BYTES(2),
    /// Per thread; more than 0 means that registers were spilled or an array is indexed by a variable.
    LOCAL_BYTES(3),
    REGISTERS(4),
    PTX_VERSION(5),
    /// Compute capability of the machine code in use, 10 times major plus minor.
    BINARY_VERSION(6),
    MAX_DYNAMIC_SHARED_BYTES(8);

    private final int number;

    FunctionAttribute(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
