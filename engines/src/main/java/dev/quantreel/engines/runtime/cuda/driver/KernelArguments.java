package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// Arguments of a kernel in the order of its parameters, each with the type that the parameter has. A launch
/// copies them, so they can be changed or used again at once. Not thread-safe.
///
/// ```java
/// function.launch(stream, grid, block, 0, KernelArguments.of().pointer(x).pointer(y).i32(rows).f32(scale));
/// ```
public final class KernelArguments {

    /// One argument as the bytes of its C type.
    private sealed interface Argument {
        record Word(int bits) implements Argument {}

        record LongWord(long bits) implements Argument {}

        record HalfWord(short bits) implements Argument {}

        record Struct(MemorySegment bytes, int alignment) implements Argument {}
    }

    private final List<Argument> arguments = new ArrayList<>();

    private KernelArguments() {}

    public static KernelArguments of() {
        return new KernelArguments();
    }

    /// A device pointer.
    public KernelArguments pointer(DeviceSpan span) {
        return i64(span.pointer());
    }

    /// A device pointer.
    public KernelArguments pointer(DeviceMemory memory) {
        return i64(memory.pointer());
    }

    /// A null pointer, for a parameter that may be absent.
    public KernelArguments nullPointer() {
        return i64(0);
    }

    /// `int` or `unsigned int`.
    public KernelArguments i32(int value) {
        return add(new Argument.Word(value));
    }

    /// `long long`, `size_t` or an address.
    public KernelArguments i64(long value) {
        return add(new Argument.LongWord(value));
    }

    public KernelArguments f32(float value) {
        return add(new Argument.Word(Float.floatToRawIntBits(value)));
    }

    public KernelArguments f64(double value) {
        return add(new Argument.LongWord(Double.doubleToRawLongBits(value)));
    }

    /// 16 bits: `short`, or the bits of a `__nv_bfloat16` or `__half`.
    public KernelArguments i16(short bits) {
        return add(new Argument.HalfWord(bits));
    }

    /// A structure passed by value, in the layout of the C compiler.
    ///
    /// @param bytes copied at launch
    /// @param alignment of the structure in bytes, a power of two
    public KernelArguments struct(MemorySegment bytes, int alignment) {
        return add(new Argument.Struct(bytes, alignment));
    }

    private KernelArguments add(Argument argument) {
        arguments.add(argument);
        return this;
    }

    /// Number of arguments.
    public int count() {
        return arguments.size();
    }

    /// The array of pointers to the values that `cuLaunchKernel` takes, living as long as the arena.
    MemorySegment allocate(Arena arena) {
        MemorySegment pointers = arena.allocate(ValueLayout.JAVA_LONG, Math.max(1, arguments.size()));
        for (int i = 0; i < arguments.size(); i++) {
            pointers.setAtIndex(
                    ValueLayout.JAVA_LONG, i, value(arena, arguments.get(i)).address());
        }
        return pointers;
    }

    private static MemorySegment value(Arena arena, Argument argument) {
        return switch (argument) {
            case Argument.Word(int bits) -> arena.allocateFrom(ValueLayout.JAVA_INT, bits);
            case Argument.LongWord(long bits) -> arena.allocateFrom(ValueLayout.JAVA_LONG, bits);
            case Argument.HalfWord(short bits) -> arena.allocateFrom(ValueLayout.JAVA_SHORT, bits);
            case Argument.Struct(MemorySegment bytes, int alignment) ->
                arena.allocate(bytes.byteSize(), alignment).copyFrom(bytes);
        };
    }
}
