package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Objects of C++ that a library made and whose deletion it leaves to its user.
public final class CppObject {

    /// Where the Itanium C++ ABI (2.5.2) has the deleting destructor of a class whose first virtual function is its
    /// destructor: behind the one that frees no memory.
    private static final long DELETING_DESTRUCTOR = 1;

    private CppObject() {}

    /// What `delete` does in C++. The class must have a virtual destructor before all other virtual functions, as the
    /// interfaces of TensorRT have.
    ///
    /// @param address of the object, not 0; of no use afterwards
    public static void delete(long address) {
        long table = word(address);
        long destructor = word(table + DELETING_DESTRUCTOR * Long.BYTES);
        NativeCall.invoke(MemorySegment.ofAddress(destructor), address);
    }

    private static long word(long address) {
        return MemorySegment.ofAddress(address).reinterpret(Long.BYTES).get(ValueLayout.JAVA_LONG, 0);
    }
}
