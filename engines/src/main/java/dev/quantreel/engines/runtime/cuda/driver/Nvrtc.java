package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// NVIDIA's compiler as a library (`libnvrtc`): CUDA C++ to machine code or PTX, without a GPU. Thread-safe.
public final class Nvrtc {

    private static final System.Logger LOG = System.getLogger(Nvrtc.class.getName());

    /// Major versions of CUDA whose library is looked for, newest first.
    private static final List<Integer> MAJORS = List.of(13, 12);

    private static final int ERROR_COMPILATION = 6;

    private final NativeLibrary library;

    private Nvrtc(NativeLibrary library) {
        this.library = library;
    }

    /// Loads the library.
    ///
    /// @param library file name or path
    /// @throws NativeLibraryException when it cannot be loaded
    public static Nvrtc open(String library) {
        Nvrtc nvrtc = new Nvrtc(NativeLibrary.open(library));
        nvrtc.loadBuiltins();
        return nvrtc;
    }

    /// NVRTC looks for its second library (`libnvrtc-builtins.so.13.0`) where the system's loader looks, not
    /// beside itself. Loaded beforehand from there, it is found in a folder that the system does not know as
    /// well, as that of a Python package.
    private void loadBuiltins() {
        library.fileOf("nvrtcVersion")
                .map(file -> Path.of(file).resolveSibling("libnvrtc-builtins.so." + version()))
                .filter(Files::exists)
                .ifPresent(file -> NativeLibrary.open(file.toString()));
    }

    /// The compiler of this machine: what `-Dquantreel.nvrtc` or the environment variable `QUANTREEL_NVRTC`
    /// names, else the newest that the system finds by its usual names; empty where there is none.
    ///
    /// @throws NativeLibraryException when one was named and cannot be loaded
    public static Optional<Nvrtc> find() {
        String named = System.getProperty("quantreel.nvrtc", System.getenv("QUANTREEL_NVRTC"));
        if (named != null && !named.isBlank()) {
            return Optional.of(open(named));
        }
        for (String library : defaultLibraries()) {
            try {
                return Optional.of(open(library));
            } catch (NativeLibraryException e) {
                LOG.log(System.Logger.Level.DEBUG, "No NVRTC: {0}", e.getMessage());
            }
        }
        return Optional.empty();
    }

    /// File names under which NVRTC is installed, newest first.
    public static List<String> defaultLibraries() {
        return MAJORS.stream().map(major -> "libnvrtc.so." + major).toList();
    }

    /// The loaded library.
    public NativeLibrary library() {
        return library;
    }

    /// A source file with what it includes.
    ///
    /// @param name shown in messages, for example `gemm.cu`
    /// @param text CUDA C++; headers of the host's C++ library are not there
    /// @param headers text by the name that an `#include` gives
    public record Source(String name, String text, Map<String, String> headers) {

        public Source {
            headers = Map.copyOf(headers);
        }
    }

    /// Compiled code.
    public static final class Result {

        private final byte[] code;
        private final String log;

        private Result(byte[] code, String log) {
            this.code = code;
            this.log = log;
        }

        /// Image for [CudaContext#load]: an ELF file of machine code, or PTX as text.
        public byte[] code() {
            return code.clone();
        }

        /// Warnings; empty where there are none.
        public String log() {
            return log;
        }
    }

    /// Version of the compiler.
    public CudaVersion version() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, 2);
            check("nvrtcVersion", numbers.address(), numbers.address() + Integer.BYTES);
            return new CudaVersion(
                    numbers.getAtIndex(ValueLayout.JAVA_INT, 0), numbers.getAtIndex(ValueLayout.JAVA_INT, 1));
        }
    }

    /// Architectures that it compiles for, as 10 times major plus minor.
    public List<Integer> architectures() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            check("nvrtcGetNumSupportedArchs", count.address());
            MemorySegment numbers = arena.allocate(ValueLayout.JAVA_INT, count.get(ValueLayout.JAVA_INT, 0));
            check("nvrtcGetSupportedArchs", numbers.address());
            return numbers.elements(ValueLayout.JAVA_INT)
                    .map(number -> number.get(ValueLayout.JAVA_INT, 0))
                    .toList();
        }
    }

    /// Compiles to machine code of one architecture.
    ///
    /// @param architecture for example `sm_80` or `sm_90a`
    /// @param options more options of the compiler, for example `-DTILE=64`
    /// @throws NvrtcException with the compiler's log when the source is refused
    public Result compileToCubin(Source source, String architecture, List<String> options) {
        return compile(source, architecture, options, "nvrtcGetCUBIN");
    }

    /// Compiles to PTX, which the driver of a newer chip compiles further.
    ///
    /// @param architecture for example `compute_80`
    /// @throws NvrtcException with the compiler's log when the source is refused
    public Result compileToPtx(Source source, String architecture, List<String> options) {
        return compile(source, architecture, options, "nvrtcGetPTX");
    }

    private Result compile(Source source, String architecture, List<String> options, String output) {
        List<String> all = new ArrayList<>(options);
        all.addFirst("--gpu-architecture=" + architecture);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment holder = arena.allocate(ValueLayout.JAVA_LONG);
            create(arena, holder, source);
            long program = holder.get(ValueLayout.JAVA_LONG, 0);
            try {
                int code = run("nvrtcCompileProgram", program, all.size(), texts(arena, all));
                String log = new String(bytes(program, "nvrtcGetProgramLog"), StandardCharsets.UTF_8).replace("\0", "");
                if (code != 0) {
                    String what =
                            code == ERROR_COMPILATION ? "does not compile" : "was refused (" + message(code) + ")";
                    throw new NvrtcException(source.name() + " " + what + " for " + architecture, code, log);
                }
                return new Result(bytes(program, output), log);
            } finally {
                check("nvrtcDestroyProgram", holder.address());
            }
        }
    }

    private void create(Arena arena, MemorySegment holder, Source source) {
        List<String> names = List.copyOf(source.headers().keySet());
        List<String> bodies = names.stream().map(source.headers()::get).toList();
        check(
                "nvrtcCreateProgram",
                holder.address(),
                arena.allocateFrom(source.text()).address(),
                arena.allocateFrom(source.name()).address(),
                names.size(),
                texts(arena, bodies),
                texts(arena, names));
    }

    /// Address of an array of pointers to texts; 0 for none.
    private static long texts(Arena arena, List<String> texts) {
        if (texts.isEmpty()) {
            return 0;
        }
        MemorySegment pointers = arena.allocate(ValueLayout.JAVA_LONG, texts.size());
        for (int i = 0; i < texts.size(); i++) {
            pointers.setAtIndex(
                    ValueLayout.JAVA_LONG, i, arena.allocateFrom(texts.get(i)).address());
        }
        return pointers.address();
    }

    /// What a pair of functions returns, of which the one with `Size` behind its name says how much it is.
    private byte[] bytes(long program, String function) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
            check(function + "Size", program, size.address());
            MemorySegment content = arena.allocate(Math.max(1, size.get(ValueLayout.JAVA_LONG, 0)));
            check(function, program, content.address());
            return content.asSlice(0, size.get(ValueLayout.JAVA_LONG, 0)).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private int run(String function, long... arguments) {
        return (int) library.call(function, arguments);
    }

    private void check(String function, long... arguments) {
        int code = run(function, arguments);
        if (code != 0) {
            throw new NvrtcException(function + ": " + message(code), code, "");
        }
    }

    private String message(int code) {
        return NativeLibrary.text(library.call("nvrtcGetErrorString", code));
    }
}
