package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// A quantized matrix as an artifact holds it: by rows, each in whole bytes, up to four bits two codes to a byte with
/// the even column in the low nibble, one to a byte beyond. [QuantizedMatrix] lays it out for engines.
///
/// @param name tensor name, for messages
/// @param columns of the matrix
/// @param bits 2 to 8
/// @param codes U8 `[rows, rowBytes]`
/// @param grids what the codes stand for
/// @param error what was measured when it was quantized
public record PackedMatrix(
        String name, int columns, int bits, Tensor codes, MatrixGrids grids, QuantizationError error) {

    private static final int EIGHT = 8;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// @throws IllegalArgumentException when sizes and types do not fit each other
    public PackedMatrix {
        Shape expected = Shape.of(grids.rows(), rowBytes(columns, bits));
        boolean fits = codes.shape().equals(expected) && codes.dtype() == DType.U8;
        if (!fits || columns % grids.groups() != 0) {
            throw new IllegalArgumentException("codes of " + name + " are " + codes.dtype() + codes.shape()
                    + ", their grids " + grids.rows() + " rows of " + grids.groups() + "; " + bits + " bits and "
                    + columns + " columns, in whole groups, need U8" + expected);
        }
    }

    /// Quantizes a matrix row by row, each weight to its nearest code. The result is the same for any number of
    /// threads.
    ///
    /// @param into receives the codes, for example a segment that is used again; must have room
    /// @throws IllegalArgumentException when a weight is NaN or infinite, or groups do not fit the columns
    public static PackedMatrix of(WeightMatrix weights, WeightPlan plan, MemorySegment into, RowTasks tasks) {
        return new MatrixQuantizer(weights, plan, RowCoder.NEAREST, GridSearchKernels.best()).pack(into, tasks);
    }

    /// The same matrix with its codes elsewhere.
    ///
    /// @param into receives them
    PackedMatrix in(MemorySegment into) {
        MemorySegment place = into.asSlice(0, codes.data().byteSize()).copyFrom(codes.data());
        return new PackedMatrix(name, columns, bits, new Tensor(DType.U8, codes.shape(), place), grids, error);
    }

    /// Writes the stored weights of one row.
    ///
    /// @param packed at least [#rowBytes] long, to work in
    /// @param row at least as long as there are columns, to work in
    void dequantizeRow(int index, byte[] packed, byte[] row, float[] into) {
        int rowBytes = rowBytes(columns, bits);
        MemorySegment.copy(codes.data(), ValueLayout.JAVA_BYTE, (long) index * rowBytes, packed, 0, rowBytes);
        byte[] unpacked = packed;
        if (bits <= 4) {
            unpackRow(packed, row);
            unpacked = row;
        }
        int groupSize = columns / grids.groups();
        for (int group = 0; group < grids.groups(); group++) {
            float[] values = grids.values(index, group, 1 << bits);
            for (int column = group * groupSize; column < (group + 1) * groupSize; column++) {
                into[column] = values[unpacked[column] & 0xFF];
            }
        }
    }

    /// Bytes of a row of codes.
    public static int rowBytes(int columns, int bits) {
        return bits <= 4 ? Math.ceilDiv(columns, 2) : columns;
    }

    /// Packs a row of codes of up to four bits, eight at a time.
    ///
    /// @param codes one to a byte
    /// @param into has at least [#rowBytes] bytes
    static void packRow(byte[] codes, byte[] into) {
        MemorySegment from = MemorySegment.ofArray(codes);
        MemorySegment to = MemorySegment.ofArray(into);
        int whole = codes.length - codes.length % EIGHT;
        for (int i = 0; i < whole; i += EIGHT) {
            long pairs = from.get(LONG, i);
            pairs = (pairs | pairs >>> 4) & 0x00FF_00FF_00FF_00FFL;
            pairs = (pairs | pairs >>> 8) & 0x0000_FFFF_0000_FFFFL;
            to.set(INT, i / 2, (int) (pairs | pairs >>> 16));
        }
        for (int i = whole; i < codes.length; i += 2) {
            int odd = i + 1 < codes.length ? codes[i + 1] << 4 : 0;
            into[i / 2] = (byte) (codes[i] | odd);
        }
    }

    /// The inverse of [#packRow].
    static void unpackRow(byte[] packed, byte[] into) {
        MemorySegment from = MemorySegment.ofArray(packed);
        MemorySegment to = MemorySegment.ofArray(into);
        int whole = into.length - into.length % EIGHT;
        for (int i = 0; i < whole; i += EIGHT) {
            long pairs = from.get(INT, i / 2) & 0xFFFF_FFFFL;
            pairs = (pairs | pairs << 16) & 0x0000_FFFF_0000_FFFFL;
            pairs = (pairs | pairs << 8) & 0x00FF_00FF_00FF_00FFL;
            to.set(LONG, i, (pairs | pairs << 4) & 0x0F0F_0F0F_0F0F_0F0FL);
        }
        for (int i = whole; i < into.length; i++) {
            into[i] = (byte) (packed[i >> 1] >> 4 * (i & 1) & 0xF);
        }
    }
}
