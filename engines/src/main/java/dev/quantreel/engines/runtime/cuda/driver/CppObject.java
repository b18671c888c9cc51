package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Objects of C++ that a library made and whose deletion it leaves to its user.
public final class CppObject {

    /// Where the Itanium C++ ABI (2.5.2) has the deleting destructor of a class whose first virtual function is its
    /// destructor: behind the one that frees no memory.
    public static final int FIRST = 1;

    private CppObject() {}

    /// What `delete` does in C++.
    ///
    /// @param address of the object, not 0; of no use afterwards
    /// @param slot of the deleting destructor among the virtual functions, in the order in which the class declares
    ///     them: a destructor takes two, of which it is the second; [#FIRST] where the destructor comes first
    public static void delete(long address, int slot) {
        long table = word(address);
        long destructor = word(table + (long) slot * Long.BYTES);
        NativeCall.invoke(MemorySegment.ofAddress(destructor), address);
    }

    private static long word(long address) {
        return MemorySegment.ofAddress(address).reinterpret(Long.BYTES).get(ValueLayout.JAVA_LONG, 0);
    }
}
