package dev.quantreel.engines.text;

import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/// A weight matrix `[out, in]` rounded to nearest in blocks of inputs, `w = step * (code - zero)`, as ONNX Runtime's
/// `MatMulNBits` reads it. The grid of a block spans its weights and contains 0.
///
/// @param codes U8 `[out, blocks, block bytes]`; of 4 bits two to a byte, the even input in the low nibble
/// @param steps F32 `[out, blocks]`
/// @param zeros U8 `[out, zero bytes]`, packed like the codes, every row padded to a whole byte
record BlockCodes(Tensor codes, Tensor steps, Tensor zeros) {

    /// Rounds a matrix row by row, on all processors; beside the result one row a thread is held.
    ///
    /// @param matrix of any floating-point type
    /// @param precision 4 or 8 bits
    /// @param block inputs in a block; divides their number
    /// @param arena holds the result
    /// @throws UnsupportedCheckpointException when a weight is not finite
    static BlockCodes of(NamedMatrix matrix, EncoderPrecision precision, int block, Arena arena) {
        int rows = matrix.rows();
        int blocks = matrix.columns() / block;
        int bits = precision.bits();
        BlockCodes result = new BlockCodes(
                Tensor.allocate(DType.U8, Shape.of(rows, blocks, (long) block * bits / 8), arena),
                Tensor.allocate(DType.F32, Shape.of(rows, blocks), arena),
                Tensor.allocate(DType.U8, Shape.of(rows, Math.ceilDiv(blocks * bits, 8)), arena));
        IntStream.range(0, rows).parallel().forEach(row -> result.put(row, matrix.row(row), block, bits));
        return result;
    }

    /// A stored matrix with its name.
    ///
    /// @param source of the checkpoint, for messages
    record NamedMatrix(String source, String name, Tensor tensor) {

        int rows() {
            return Math.toIntExact(tensor.shape().dim(0));
        }

        int columns() {
            return Math.toIntExact(tensor.shape().dim(1));
        }

        float[] row(int row) {
            float[] values = new float[columns()];
            long bytes = tensor.dtype().byteSize(columns());
            Tensor stored = new Tensor(
                    tensor.dtype(), Shape.of(columns()), tensor.data().asSlice(row * bytes, bytes));
            Conversions.toF32(stored, MemorySegment.ofArray(values));
            for (int column = 0; column < values.length; column++) {
                if (!Float.isFinite(values[column])) {
                    throw new UnsupportedCheckpointException(
                            source,
                            "tensor " + name + " holds " + values[column] + " in row " + row + ", column " + column
                                    + "; weights must be finite");
                }
            }
            return values;
        }
    }

    private void put(int row, float[] values, int block, int bits) {
        int blocks = values.length / block;
        int perByte = 8 / bits;
        byte[] packed = new byte[values.length / perByte];
        byte[] packedZeros = new byte[Math.ceilDiv(blocks, perByte)];
        float[] rowSteps = new float[blocks];
        int highest = (1 << bits) - 1;
        for (int b = 0; b < blocks; b++) {
            int from = b * block;
            float low = 0;
            float high = 0;
            for (int i = from; i < from + block; i++) {
                low = Math.min(low, values[i]);
                high = Math.max(high, values[i]);
            }
            float step = Math.max((high - low) / highest, Float.MIN_NORMAL);
            int zero = Math.clamp(Math.round(-low / step), 0, highest);
            float inverse = 1 / step;
            for (int i = from; i < from + block; i++) {
                int code = Math.clamp((int) Math.rint(values[i] * inverse) + zero, 0, highest);
                packed[i / perByte] |= (byte) (code << bits * (i % perByte));
            }
            rowSteps[b] = step;
            packedZeros[b / perByte] |= (byte) (zero << bits * (b % perByte));
        }
        MemorySegment.copy(packed, 0, codes.data(), ValueLayout.JAVA_BYTE, (long) row * packed.length, packed.length);
        MemorySegment.copy(
                packedZeros,
                0,
                zeros.data(),
                ValueLayout.JAVA_BYTE,
                (long) row * packedZeros.length,
                packedZeros.length);
        MemorySegment.copy(rowSteps, 0, steps.data(), Tensor.FLOAT, 4L * row * blocks, blocks);
    }
}
