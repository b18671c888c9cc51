package dev.quantreel.engines.runtime.cuda.check;

import dev.quantreel.engines.runtime.cuda.driver.CudaStream;
import dev.quantreel.engines.runtime.cuda.driver.DeviceSpan;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibrary;
import dev.quantreel.engines.runtime.cuda.driver.NativeLibraryException;
import dev.quantreel.engines.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/// cuBLAS' product of the machine, `y = x wᵀ`: what the own products are measured beside. One stream at a time.
public final class CublasProduct implements AutoCloseable {

    /// File names of the library by version of CUDA.
    public static final List<String> LIBRARIES = List.of("libcublas.so.13", "libcublas.so.12");

    private static final int TRANSPOSED = 1;
    private static final int AS_IT_IS = 0;
    private static final int BF16 = 14;
    private static final int I8 = 3;
    private static final int I32 = 10;
    private static final int COMPUTE_F32 = 68;
    private static final int COMPUTE_I32 = 72;
    private static final int DEFAULT_ALGORITHM = -1;

    private final NativeLibrary library;
    private final long handle;

    private CublasProduct(NativeLibrary library, long handle) {
        this.library = library;
        this.handle = handle;
    }

    /// The first of these libraries that can be loaded; empty when there is none.
    ///
    /// @param libraries file names or paths
    /// @throws IllegalStateException when one was loaded and does not start
    public static Optional<CublasProduct> open(List<String> libraries) {
        for (String name : libraries) {
            try {
                NativeLibrary library = NativeLibrary.open(name);
                try (Arena arena = Arena.ofConfined()) {
                    MemorySegment handle = arena.allocate(ValueLayout.JAVA_LONG);
                    check("cublasCreate_v2", library.call("cublasCreate_v2", handle.address()));
                    return Optional.of(new CublasProduct(library, handle.get(ValueLayout.JAVA_LONG, 0)));
                }
            } catch (NativeLibraryException e) {
                continue;
            }
        }
        return Optional.empty();
    }

    private static void check(String function, long result) {
        if ((int) result != 0) {
            throw new IllegalStateException(function + " returned cuBLAS status " + (int) result);
        }
    }

    /// Queues a product.
    ///
    /// @param type of the factors: BF16, with a BF16 result, or I8 with I32
    /// @param y `[tokens, outputs]`
    public void launch(CudaStream stream, GemmBenchmark.Shape shape, DType type, Factors factors, DeviceSpan y) {
        boolean integers = type == DType.I8;
        int factorType = integers ? I8 : BF16;
        check("cublasSetStream_v2", library.call("cublasSetStream_v2", handle, stream.handle()));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = integers
                    ? arena.allocateFrom(ValueLayout.JAVA_INT, 1)
                    : arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
            MemorySegment zero = arena.allocate(ValueLayout.JAVA_INT);
            // cuBLAS counts by columns: it sees y as its transpose, the product of w and the transpose of x.
            long result = library.call(
                    "cublasGemmEx",
                    handle,
                    TRANSPOSED,
                    AS_IT_IS,
                    shape.outputs(),
                    shape.tokens(),
                    shape.columns(),
                    one.address(),
                    factors.w.pointer(),
                    factorType,
                    shape.columns(),
                    factors.x.pointer(),
                    factorType,
                    shape.columns(),
                    zero.address(),
                    y.pointer(),
                    integers ? I32 : BF16,
                    shape.outputs(),
                    integers ? COMPUTE_I32 : COMPUTE_F32,
                    DEFAULT_ALGORITHM);
            check("cublasGemmEx", result);
        }
    }

    /// Both factors.
    ///
    /// @param x `[tokens, columns]`
    /// @param w `[outputs, columns]`
    public record Factors(DeviceSpan x, DeviceSpan w) {}

    @Override
    public void close() {
        check("cublasDestroy_v2", library.call("cublasDestroy_v2", handle));
    }
}
