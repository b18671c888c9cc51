package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A weight matrix `[out, in]` as signed codes with one step per row, `ŵ = step * code`: the form of ComfyUI's integer
/// checkpoints. Immutable; safe to share.
///
/// @param codes I8 `[out, in]`; for 4 bits I8 `[out, in / 2]`, two nibbles to a byte, the even column in the low one
/// @param steps F32 `[out]`
/// @param error what quantization did
public record SymmetricMatrix(Tensor codes, Tensor steps, QuantizationError error) {

    /// Quantizes row by row with the least squared error. The result is the same for any number of threads.
    ///
    /// @param bits 4 (codes -7..7) or 8 (codes -127..127)
    /// @throws IllegalArgumentException for other bits, for 4 bits with an odd number of columns, or when a
    /// weight is NaN or infinite
    public static SymmetricMatrix of(WeightMatrix weights, int bits, RowTasks tasks) {
        if (bits != 4 && bits != 8) {
            throw new IllegalArgumentException("symmetric weight bits is " + bits + "; 4 or 8 are accepted");
        }
        if (bits == 4 && weights.columns() % 2 != 0) {
            throw new IllegalArgumentException(
                    "weight " + weights.name() + " has " + weights.columns() + " columns; nibbles need an even number");
        }
        int rowBytes = bits == 4 ? weights.columns() / 2 : weights.columns();
        Tensor codes = Tensor.zeros(DType.I8, Shape.of(weights.rows(), rowBytes));
        Tensor steps = Tensor.zeros(DType.F32, Shape.of(weights.rows()));
        RowStatistics[] statistics = new RowStatistics[Math.ceilDiv(weights.rows(), RowTasks.CHUNK)];
        tasks.run(weights.rows(), (from, to) -> {
            float[] row = new float[weights.columns()];
            byte[] packed = new byte[rowBytes];
            SymmetricSearch search =
                    new SymmetricSearch(GridSearchKernels.best(), ActivationQuantizer.maxCode(bits), row);
            RowStatistics chunk = new RowStatistics();
            for (int r = from; r < to; r++) {
                weights.readRow(r, row);
                Grid grid = search.find();
                chunk.measure(row, grid, search.absmax());
                pack(row, grid, bits, packed);
                MemorySegment.copy(packed, 0, codes.data(), ValueLayout.JAVA_BYTE, (long) r * rowBytes, rowBytes);
                steps.data().set(Tensor.FLOAT, 4L * r, grid.step());
            }
            statistics[from / RowTasks.CHUNK] = chunk;
        });
        RowStatistics total = new RowStatistics();
        for (RowStatistics chunk : statistics) {
            total.add(chunk);
        }
        return new SymmetricMatrix(codes, steps, total.error());
    }

    private static void pack(float[] row, Grid grid, int bits, byte[] packed) {
        float inverse = grid.inverse();
        for (int i = 0; i < packed.length; i++) {
            packed[i] = bits == 8
                    ? (byte) grid.level(row[i], inverse)
                    : (byte) ((int) grid.level(row[2 * i], inverse) & 0xF
                            | (int) grid.level(row[2 * i + 1], inverse) << 4);
        }
    }
}
