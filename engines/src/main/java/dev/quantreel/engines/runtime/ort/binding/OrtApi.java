package dev.quantreel.engines.runtime.ort.binding;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Collections;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The function table of ONNX Runtime's C API. Thread-safe.
///
/// Pointers and integers travel as 64-bit integers, for which the calling conventions of all 64-bit systems have a
/// register or stack slot each; a function that takes an `int` reads the lower half. Functions give a status, null
/// where all is well, or nothing.
public final class OrtApi {

    /// The version of the API that is asked for; a library of that or a later version has it.
    static final int VERSION = 14;

    private static final Pattern RELEASE = Pattern.compile("1\\.(\\d{1,4})\\.\\d.*");

    private static final MethodHandle[] CALLS = {
        handle(0), handle(1), handle(2), handle(3), handle(4), handle(5), handle(6), handle(7)
    };

    private final MemorySegment table;
    private final String version;

    private OrtApi(MemorySegment table, String version) {
        this.table = table;
        this.version = version;
    }

    private static MethodHandle handle(int arguments) {
        MemoryLayout[] layouts =
                Collections.nCopies(arguments, ValueLayout.JAVA_LONG).toArray(MemoryLayout[]::new);
        return Linker.nativeLinker()
                .downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_LONG, layouts))
                .asSpreader(long[].class, arguments);
    }

    /// The table of the library that ONNX Runtime's Java API has loaded: libraries that a class loader has loaded are
    /// looked through, none is loaded, so that both share environment, sessions and memory.
    ///
    /// @throws BindingUnavailableException when the Java API has not loaded it, or it is of a version whose
    /// table is not known
    public static OrtApi loaded() {
        return of(SymbolLookup.loaderLookup());
    }

    static OrtApi of(SymbolLookup symbols) {
        MemorySegment base = symbols.find("OrtGetApiBase")
                .orElseThrow(() -> new BindingUnavailableException(
                        "no library that the Java API of ONNX Runtime has loaded exports OrtGetApiBase"));
        MemorySegment functions = MemorySegment.ofAddress(call(base)).reinterpret(2L * Long.BYTES);
        MemorySegment getApi = MemorySegment.ofAddress(functions.get(ValueLayout.JAVA_LONG, 0));
        MemorySegment getVersion = MemorySegment.ofAddress(functions.get(ValueLayout.JAVA_LONG, Long.BYTES));
        String version = text(call(getVersion));
        requireKnown(version);
        long table = call(getApi, VERSION);
        if (table == 0) {
            throw new BindingUnavailableException(
                    "ONNX Runtime " + version + " does not hand out version " + VERSION + " of its C API");
        }
        long bytes = OrtFunction.SYNCHRONIZE_BOUND_OUTPUTS.offsetBytes() + Long.BYTES;
        return new OrtApi(MemorySegment.ofAddress(table).reinterpret(bytes), version);
    }

    /// @throws BindingUnavailableException when nobody can tell the places of functions in this version
    static void requireKnown(String version) {
        Matcher matcher = RELEASE.matcher(version);
        if (!matcher.matches() || Integer.parseInt(matcher.group(1)) < VERSION) {
            throw new BindingUnavailableException("the table of ONNX Runtime's C API is known for versions from 1."
                    + VERSION + " to the end of 1, this is " + version);
        }
    }

    /// Version of the library, for example `1.29.0`.
    public String version() {
        return version;
    }

    /// Calls a function that gives a status.
    ///
    /// @throws OrtApiException with ONNX Runtime's message
    void check(OrtFunction function, long... arguments) {
        long status = call(address(function), arguments);
        if (status != 0) {
            String message = text(call(address(OrtFunction.GET_ERROR_MESSAGE), status));
            release(OrtFunction.RELEASE_STATUS, status);
            throw new OrtApiException(message);
        }
    }

    /// Calls a function that makes something.
    ///
    /// @param arguments all but the last, which is where the handle goes
    long make(OrtFunction function, long... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.JAVA_LONG);
            long[] all = Arrays.copyOf(arguments, arguments.length + 1);
            all[arguments.length] = out.address();
            check(function, all);
            return out.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /// Calls a function that gives nothing.
    void release(OrtFunction function, long handle) {
        call(address(function), handle);
    }

    private MemorySegment address(OrtFunction function) {
        return MemorySegment.ofAddress(table.get(ValueLayout.JAVA_LONG, function.offsetBytes()));
    }

    private static long call(MemorySegment function, long... arguments) {
        try {
            return (long) CALLS[arguments.length].invokeExact(function, arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a downcall threw a checked exception", e);
        }
    }

    /// Text that ends with a zero byte, at an address of native memory.
    static String text(long address) {
        return MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
    }

    /// How many inputs and outputs a session has, by which a handle is known for what it is.
    ///
    /// @param session handle
    /// @return both numbers
    public long[] counts(long session) {
        return new long[] {
            make(OrtFunction.SESSION_GET_INPUT_COUNT, session), make(OrtFunction.SESSION_GET_OUTPUT_COUNT, session)
        };
    }
}
