package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Collections;

/// Calls C functions whose parameters and result are integers or pointers.
///
/// All of them travel as 64-bit integers. The calling conventions of the systems that have CUDA (System V and
/// Windows on x86-64, AAPCS64 on Linux) give every such argument a register or stack slot of 64 bits and leave
/// the upper half of an `int` undefined, so a function that takes an `int` reads the lower half; of a result of
/// type `int` the caller takes the lower half. One handle per number of arguments therefore serves every
/// function.
final class NativeCall {

    private static final MethodHandle CALL_0 = handle(0);
    private static final MethodHandle CALL_1 = handle(1);
    private static final MethodHandle CALL_2 = handle(2);
    private static final MethodHandle CALL_3 = handle(3);
    private static final MethodHandle CALL_4 = handle(4);
    private static final MethodHandle CALL_5 = handle(5);
    private static final MethodHandle CALL_6 = handle(6);
    private static final MethodHandle CALL_11 = handle(11);
    private static final MethodHandle CALL_12 = handle(12);
    private static final MethodHandle CALL_19 = handle(19);

    private NativeCall() {}

    private static MethodHandle handle(int arguments) {
        MemoryLayout[] layouts =
                Collections.nCopies(arguments, ValueLayout.JAVA_LONG).toArray(MemoryLayout[]::new);
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_LONG, layouts));
    }

    /// Calls the function at an address.
    ///
    /// @param a arguments, 0 to 6, 11, 12 or 19 of them
    /// @return the raw result; cast to int where the function returns one
    static long invoke(MemorySegment function, long... a) {
        try {
            return switch (a.length) {
                case 0 -> (long) CALL_0.invokeExact(function);
                case 1 -> (long) CALL_1.invokeExact(function, a[0]);
                case 2 -> (long) CALL_2.invokeExact(function, a[0], a[1]);
                case 3 -> (long) CALL_3.invokeExact(function, a[0], a[1], a[2]);
                case 4 -> (long) CALL_4.invokeExact(function, a[0], a[1], a[2], a[3]);
                case 5 -> (long) CALL_5.invokeExact(function, a[0], a[1], a[2], a[3], a[4]);
                case 6 -> (long) CALL_6.invokeExact(function, a[0], a[1], a[2], a[3], a[4], a[5]);
                case 11 ->
                    (long) CALL_11.invokeExact(
                            function, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10]);
                case 12 ->
                    (long) CALL_12.invokeExact(
                            function, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
                case 19 -> nineteen(function, a);
                default -> throw new IllegalArgumentException("no call of " + a.length + " arguments");
            };
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a downcall threw a checked exception", e);
        }
    }

    private static long nineteen(MemorySegment function, long[] a) throws Throwable {
        return (long) CALL_19.invokeExact(
                function, a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11], a[12], a[13], a[14],
                a[15], a[16], a[17], a[18]);
    }
}
