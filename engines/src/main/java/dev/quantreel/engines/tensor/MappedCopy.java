package dev.quantreel.engines.tensor;

import java.lang.foreign.MemorySegment;

/// Copies out of mapped files.
public final class MappedCopy {

    private static final Object ANY = new Object();

    private MappedCopy() {}

    /// Copies all of `from`.
    ///
    /// @param what for the message: what was cut short
    /// @throws IllegalStateException when the file behind `from` was cut short since it was mapped
    public static void copy(MemorySegment from, MemorySegment to, String what) {
        try {
            to.copyFrom(from);
            settle();
        } catch (InternalError e) {
            throw cutShort(what, e);
        }
    }

    /// The virtual machine raises the error of a faulting copy when the thread next passes from its own code to Java's,
    /// which for compiled code may be after the `catch`. A native call brings it forward.
    static void settle() {
        boolean ignored = Thread.holdsLock(ANY);
    }

    static IllegalStateException cutShort(String what, InternalError cause) {
        return new IllegalStateException(what + " was cut short while it was read", cause);
    }
}
