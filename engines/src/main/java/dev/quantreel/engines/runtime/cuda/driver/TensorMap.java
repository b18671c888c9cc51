package dev.quantreel.engines.runtime.cuda.driver;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// How the copy engine of a GPU (TMA, from compute capability 9.0 on) finds boxes of a matrix of bytes: 128
/// opaque bytes that a kernel takes by value. What lies outside of the matrix arrives as zeros. Immutable.
public final class TensorMap {

    private static final int BYTES = 128;
    private static final int ALIGNMENT = 64;
    private static final int TYPE_UINT8 = 0;
    private static final int INTERLEAVE_NONE = 0;
    private static final int SWIZZLE_128_BYTES = 3;
    private static final int PROMOTE_TO_256_BYTES = 3;
    private static final int FILL_ZEROS = 0;

    /// Bytes of a row of a box: what the swizzle of 128 bytes works on.
    public static final int BOX_WIDTH_BYTES = 128;

    private final byte[] encoded;

    private TensorMap(byte[] encoded) {
        this.encoded = encoded;
    }

    /// Describes a matrix whose rows follow each other without gaps; boxes of 128 bytes x `boxRows` arrive in
    /// shared memory with their 16-byte pieces exchanged (`SWIZZLE_128B`), as `wgmma` reads them.
    ///
    /// @param matrix starts at a multiple of 16 bytes
    /// @param widthBytes bytes of a row, a multiple of 16
    /// @param boxRows 1 to 256
    /// @throws CudaException when the driver refuses it, or is older than CUDA 12
    public static TensorMap ofBytes(CudaContext context, DeviceSpan matrix, long widthBytes, int boxRows) {
        if (widthBytes < 1 || widthBytes % 16 != 0 || matrix.pointer() % 16 != 0 || boxRows < 1 || boxRows > 256) {
            throw new IllegalArgumentException("a tensor map of rows of " + widthBytes + " bytes at address "
                    + matrix.pointer() + ", boxes of " + boxRows
                    + " rows; accepted are multiples of 16 and boxes of 1 to 256 rows");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment map = arena.allocate(BYTES, ALIGNMENT);
            long rows = matrix.sizeBytes() / widthBytes;
            context.check(
                    DriverFunction.cuTensorMapEncodeTiled,
                    map.address(),
                    TYPE_UINT8,
                    2,
                    matrix.pointer(),
                    arena.allocateFrom(ValueLayout.JAVA_LONG, widthBytes, rows).address(),
                    arena.allocateFrom(ValueLayout.JAVA_LONG, widthBytes).address(),
                    arena.allocateFrom(ValueLayout.JAVA_INT, BOX_WIDTH_BYTES, boxRows)
                            .address(),
                    arena.allocateFrom(ValueLayout.JAVA_INT, 1, 1).address(),
                    INTERLEAVE_NONE,
                    SWIZZLE_128_BYTES,
                    PROMOTE_TO_256_BYTES,
                    FILL_ZEROS);
            return new TensorMap(map.toArray(ValueLayout.JAVA_BYTE));
        }
    }

    /// Adds it to the arguments of a kernel, by value.
    public KernelArguments addTo(KernelArguments arguments) {
        return arguments.struct(MemorySegment.ofArray(encoded), ALIGNMENT);
    }
}
