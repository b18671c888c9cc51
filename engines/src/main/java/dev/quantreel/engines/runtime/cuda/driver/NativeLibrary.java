package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// A shared library of the system, loaded for the rest of the process (drivers do not survive being unloaded).
/// Unlike [SymbolLookup#libraryLookup(String, Arena)] it tells why a library could not be loaded, and from
/// where it was.
public final class NativeLibrary {

    /// All symbols resolved at load, so that a missing one is reported here and does not kill the process later.
    private static final int RTLD_NOW = 2;

    /// Index of `dli_fname`, a pointer, in `Dl_info`, which is two pointers to text and two addresses.
    private static final int DL_INFO_BYTES = 4 * Long.BYTES;

    private final String name;
    private final SymbolLookup symbols;

    private NativeLibrary(String name, SymbolLookup symbols) {
        this.name = name;
        this.symbols = symbols;
    }

    /// Loads a library.
    ///
    /// @param name file name, looked for where the system's loader looks (`LD_LIBRARY_PATH`, the cache), or a
    ///     path
    /// @throws NativeLibraryException with the loader's text when it cannot be loaded
    public static NativeLibrary open(String name) {
        SymbolLookup system = Linker.nativeLinker().defaultLookup();
        Optional<MemorySegment> loader = system.find("dlopen");
        if (loader.isEmpty()) {
            return openPlainly(name);
        }
        try (Arena arena = Arena.ofConfined()) {
            // Looked up first: a lookup is itself a call of the loader, and wipes out what it had to say.
            MemorySegment lastError = system.findOrThrow("dlerror");
            long handle =
                    NativeCall.invoke(loader.get(), arena.allocateFrom(name).address(), RTLD_NOW);
            if (handle == 0) {
                long reason = NativeCall.invoke(lastError);
                throw refused(name, reason == 0 ? "dlopen failed and did not say why" : text(reason));
            }
            return new NativeLibrary(name, symbol -> symbolOf(system, handle, symbol));
        }
    }

    /// @param text of the loader, which begins with the file that it complains about: this one, or one that
    ///     this one needs
    private static NativeLibraryException refused(String name, String text) {
        String own = name + ": ";
        String reason = text.startsWith(own) ? text.substring(own.length()) : text;
        return new NativeLibraryException(name, reason, text.startsWith(own + "cannot open shared object file"));
    }

    private static NativeLibrary openPlainly(String name) {
        try {
            return new NativeLibrary(name, SymbolLookup.libraryLookup(name, Arena.global()));
        } catch (IllegalArgumentException e) {
            throw new NativeLibraryException(name, String.valueOf(e.getMessage()), true);
        }
    }

    private static Optional<MemorySegment> symbolOf(SymbolLookup system, long handle, String symbol) {
        try (Arena arena = Arena.ofConfined()) {
            long address = NativeCall.invoke(
                    system.findOrThrow("dlsym"),
                    handle,
                    arena.allocateFrom(symbol).address());
            return address == 0 ? Optional.empty() : Optional.of(MemorySegment.ofAddress(address));
        }
    }

    /// Text that ends with a zero byte, at an address of native memory.
    static String text(long address) {
        return MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE).getString(0);
    }

    /// Name or path as it was asked for.
    public String name() {
        return name;
    }

    /// Whether the library exports a function.
    public boolean has(String function) {
        return symbols.find(function).isPresent();
    }

    /// Address of a function.
    ///
    /// @throws NativeLibraryException when the library does not export it
    MemorySegment function(String function) {
        return symbols.find(function)
                .orElseThrow(() -> new NativeLibraryException(name, "exports no function " + function, false));
    }

    /// File that holds a function, which says where the loader found the library; empty where that cannot be
    /// told.
    public Optional<String> fileOf(String function) {
        Optional<MemorySegment> locator = Linker.nativeLinker().defaultLookup().find("dladdr");
        Optional<MemorySegment> address = symbols.find(function);
        if (locator.isEmpty() || address.isEmpty()) {
            return Optional.empty();
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(DL_INFO_BYTES, Long.BYTES);
            long found = NativeCall.invoke(locator.get(), address.get().address(), info.address());
            long file = info.get(ValueLayout.JAVA_LONG, 0);
            return (int) found == 0 || file == 0 ? Optional.empty() : Optional.of(text(file));
        }
    }

    /// Calls a function of integers or pointers, up to six of them, 11, 12 or 19.
    ///
    /// @return its raw result; cast to int where the function returns one
    /// @throws NativeLibraryException when the library does not export it
    public long call(String function, long... arguments) {
        return NativeCall.invoke(function(function), arguments);
    }
}
