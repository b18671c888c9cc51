package dev.quantreel.engines.checkpoint;

import dev.quantreel.engines.internal.kernel.ConversionKernels;
import dev.quantreel.engines.internal.kernel.DequantizationKernels;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MappedCopy;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;

/// Codes times a scale, one for the whole tensor or one per row, optionally rotated back: `W = H(q * s)` on every run
/// of `rotationGroup` columns, with the regular Hadamard matrix of ConvRot, which is its own inverse.
///
/// @param source holds the codes
/// @param name of the codes
/// @param codes how a row of codes is stored
/// @param scales one, or one per row
/// @param rotationGroup columns per rotation; 0 for none
/// @param scaleBytes bytes that the scales take in the file
record ScaledMatrix(Checkpoint source, String name, Codes codes, float[] scales, int rotationGroup, long scaleBytes)
        implements PackedTensor {

    /// Rows that are decoded by one task.
    private static final int CHUNK = 32;

    /// How codes lie in memory.
    enum Codes {
        E4M3,
        E5M2,
        INT8,
        /// Two signed nibbles to a byte, the even column in the low one.
        INT4
    }

    @Override
    public Shape shape() {
        Shape stored = source.shape(name);
        if (codes != Codes.INT4) {
            return stored;
        }
        long[] dims = stored.toArray();
        dims[dims.length - 1] *= 2;
        return Shape.of(dims);
    }

    @Override
    public DType dtype() {
        return DType.F32;
    }

    @Override
    public long storedBytes() {
        return source.storedBytes(name) + scaleBytes;
    }

    @Override
    public Tensor decode() {
        MemorySegment stored = source.tensor(name).data();
        Shape shape = shape();
        Tensor decoded = Tensor.zeros(DType.F32, shape);
        int rows = shape.rank() == 0 ? 1 : Math.toIntExact(shape.dim(0));
        if (shape.elements() == 0) {
            return decoded;
        }
        int columns = Math.toIntExact(shape.elements() / rows);
        int tasks = Math.ceilDiv(rows, CHUNK);
        IntStream.range(0, tasks).parallel().forEach(task -> {
            Rows worker = new Rows(stored, decoded.data(), columns);
            for (int row = task * CHUNK; row < Math.min(rows, (task + 1) * CHUNK); row++) {
                worker.decode(row);
            }
        });
        return decoded;
    }

    /// Decodes rows one at a time; the row is first copied out of the mapping, because reading a file that somebody
    /// cuts short kills the process in vector code, but not in a plain copy.
    private final class Rows {

        private final DequantizationKernels kernels = DequantizationKernels.best();
        private final MemorySegment stored;
        private final MemorySegment target;
        private final int columns;
        private final byte[] bytes;
        private final float[] values;

        Rows(MemorySegment stored, MemorySegment target, int columns) {
            this.stored = stored;
            this.target = target;
            this.columns = columns;
            this.bytes = new byte[codes == Codes.INT4 ? columns / 2 : columns];
            this.values = new float[columns];
        }

        void decode(int row) {
            copy((long) row * bytes.length);
            float scale = scales[scales.length == 1 ? 0 : row];
            switch (codes) {
                case INT8 -> kernels.int8(bytes, scale, values);
                case INT4 -> kernels.int4(bytes, scale, values);
                case E4M3 -> {
                    ConversionKernels.best().e4m3ToF32(MemorySegment.ofArray(bytes), MemorySegment.ofArray(values));
                    kernels.scale(values, scale);
                }
                case E5M2 -> {
                    ConversionKernels.best().e5m2ToF32(MemorySegment.ofArray(bytes), MemorySegment.ofArray(values));
                    kernels.scale(values, scale);
                }
            }
            if (rotationGroup > 0) {
                kernels.rotate(values, rotationGroup);
            }
            MemorySegment.copy(values, 0, target, Tensor.FLOAT, 4L * row * columns, columns);
        }

        private void copy(long offsetBytes) {
            MappedCopy.copy(
                    stored.asSlice(offsetBytes, bytes.length),
                    MemorySegment.ofArray(bytes),
                    "the file behind tensor " + name);
        }
    }
}
