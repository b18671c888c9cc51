package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.ScratchFile;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/// A weight matrix `[out, in]` as unsigned codes with grids per row or group of columns, [MatrixGrids]: with one grid
/// per row `ŵ = step * (code - zeroPoint)`.
///
/// The codes lie once in memory, as the [CodeTiles] that engines read; [#codes] lays them out by rows. Immutable; safe
/// to share.
public final class QuantizedMatrix {

    private final String name;
    private final CodeTiles tiles;
    private final MatrixGrids grids;
    private final QuantizationError error;

    QuantizedMatrix(String name, CodeTiles tiles, MatrixGrids grids, QuantizationError error) {
        this.name = name;
        this.tiles = tiles;
        this.grids = grids;
        this.error = error;
    }

    /// Quantizes a matrix row by row, each weight to its nearest code. The result is the same for any number of
    /// threads.
    ///
    /// @throws IllegalArgumentException when a weight is NaN or infinite, or groups do not fit the columns
    public static QuantizedMatrix of(WeightMatrix weights, WeightPlan plan, RowTasks tasks) {
        return of(weights, plan, RowCoder.NEAREST, tasks);
    }

    /// Quantizes a matrix row by row with codes that `coder` chooses on the grids of the plan.
    ///
    /// @throws IllegalArgumentException when a weight is NaN or infinite, or groups do not fit the columns
    public static QuantizedMatrix of(WeightMatrix weights, WeightPlan plan, RowCoder coder, RowTasks tasks) {
        return new MatrixQuantizer(weights, plan, coder, GridSearchKernels.best()).quantize(tasks);
    }

    /// Quantizes a matrix with one grid per row.
    ///
    /// @param bits 2 to 8
    public static QuantizedMatrix of(WeightMatrix weights, WeightQuantizer quantizer, int bits, RowTasks tasks) {
        return of(weights, new WeightPlan(quantizer, bits), tasks);
    }

    static QuantizedMatrix of(
            WeightMatrix weights, WeightQuantizer quantizer, int bits, RowTasks tasks, GridSearchKernels kernels) {
        return new MatrixQuantizer(weights, new WeightPlan(quantizer, bits), RowCoder.NEAREST, kernels).quantize(tasks);
    }

    /// A matrix whose codes and grids are known, as a file holds them.
    ///
    /// @param bits 2 to 8
    /// @param codes as [#codes] gives them
    /// @throws IllegalArgumentException when the parts do not go together
    public static QuantizedMatrix of(String name, int bits, Tensor codes, MatrixGrids grids, QuantizationError error) {
        DType expected = bits <= 4 ? DType.U4 : DType.U8;
        boolean fits = codes.shape().rank() == 2
                && codes.shape().dim(0) == grids.rows()
                && codes.shape().dim(1) % grids.groups() == 0;
        if (bits < 2 || bits > 8 || codes.dtype() != expected || !fits) {
            throw new IllegalArgumentException(
                    "codes of " + name + " are " + codes.dtype() + " " + codes.shape() + " of "
                            + bits + " bits, their grids " + grids.rows() + " rows of " + grids.groups()
                            + "; accepted are U4 [rows, columns] for 2 to 4 bits and U8 for 5 to 8, in whole groups");
        }
        try (Arena rowMajor = Arena.ofShared()) {
            Tensor bytes = bits <= 4 ? unpacked(codes, rowMajor) : codes;
            CodeTiles tiles = CodeTiles.of(bytes, bits, RowTasks.parallel(CancellationToken.NONE));
            return new QuantizedMatrix(name, tiles, grids, error);
        }
    }

    private static Tensor unpacked(Tensor nibbles, Arena arena) {
        Tensor bytes = Tensor.allocate(DType.U8, nibbles.shape(), arena);
        for (long i = 0; i < bytes.elements(); i++) {
            int pair = nibbles.data().get(ValueLayout.JAVA_BYTE, i >> 1);
            bytes.data().set(ValueLayout.JAVA_BYTE, i, (byte) (pair >> 4 * (int) (i & 1) & 0xF));
        }
        return bytes;
    }

    /// A matrix whose codes lie as engines read them, such as one that a graph holds.
    ///
    /// @param steps F32 `[rows]`
    /// @param zeroPoints U8 `[rows]`
    public static QuantizedMatrix of(String name, CodeTiles tiles, Tensor steps, Tensor zeroPoints) {
        return new QuantizedMatrix(name, tiles, MatrixGrids.ofRows(steps, zeroPoints), QuantizationError.UNKNOWN);
    }

    /// Lays out the codes of a file for engines; what they stand for stays where it is.
    public static QuantizedMatrix of(PackedMatrix packed, RowTasks tasks) {
        try (Arena rowMajor = Arena.ofShared()) {
            Shape shape = Shape.of(packed.grids().rows(), packed.columns());
            Tensor codes = Tensor.allocate(DType.U8, shape, rowMajor);
            CodeTiles.unpack(packed.codes(), packed.bits(), codes, tasks);
            CodeTiles tiles = CodeTiles.of(codes, packed.bits(), tasks);
            return new QuantizedMatrix(packed.name(), tiles, packed.grids(), packed.error());
        }
    }

    /// This matrix as an artifact stores it.
    ///
    /// @param into receives the codes, for example a segment that is used again; must have room
    public PackedMatrix packed(MemorySegment into, RowTasks tasks) {
        Shape shape = Shape.of(rows(), PackedMatrix.rowBytes(columns(), bits()));
        Tensor codes = new Tensor(DType.U8, shape, into.asSlice(0, shape.elements()));
        tiles.pack(codes, tasks);
        return new PackedMatrix(name, columns(), bits(), codes, grids, error);
    }

    /// The same matrix with its codes in a temporary file, so that they need not be resident.
    ///
    /// @param folder see [ScratchFile#of]
    /// @throws java.io.IOException when the file cannot be written
    public QuantizedMatrix inFile(Path folder) throws IOException {
        List<Tensor> codes = tiles.tiles().stream().map(CodeTiles.Tile::codes).toList();
        return new QuantizedMatrix(name, tiles.in(ScratchFile.of(codes, folder)), grids, error);
    }

    public String name() {
        return name;
    }

    public int rows() {
        return grids.rows();
    }

    public int columns() {
        return tiles.columns();
    }

    public int bits() {
        return tiles.bits();
    }

    /// What the codes stand for.
    public MatrixGrids grids() {
        return grids;
    }

    /// Columns that share a grid.
    public int groupSize() {
        return columns() / grids.groups();
    }

    /// Whether a product of integers can carry the weights: all of a row are integer multiples of one step.
    public boolean isInteger() {
        return grids.areIntegers();
    }

    /// The codes as they lie in memory.
    public CodeTiles tiles() {
        return tiles;
    }

    /// The codes by rows, laid out anew at every call: `[rows, columns]`, packed as ONNX and PyTorch pack
    /// ([DType#U4], the even element in the low nibble) up to four bits, one to a byte beyond.
    public Tensor codes() {
        int columns = columns();
        boolean packed = bits() <= 4;
        Tensor codes = Tensor.zeros(packed ? DType.U4 : DType.U8, Shape.of(rows(), columns));
        for (int row = 0; row < rows(); row++) {
            for (int column = 0; column < columns; column++) {
                long index = (long) row * columns + column;
                int shift = packed ? 4 * (int) (index & 1) : 0;
                long at = packed ? index >> 1 : index;
                int others = shift == 0 ? 0 : codes.data().get(ValueLayout.JAVA_BYTE, at);
                codes.data().set(ValueLayout.JAVA_BYTE, at, (byte) (others | code(row, column) << shift));
            }
        }
        return codes;
    }

    /// F32 `[rows]`, or BF16 `[rows, groups]`.
    public Tensor steps() {
        return grids.steps();
    }

    /// U8 `[rows]` or `[rows, groups]`.
    public Tensor zeroPoints() {
        return grids.zeroPoints();
    }

    public QuantizationError error() {
        return error;
    }

    /// The code of one weight, `0 .. 2^bits - 1`.
    public int code(int row, int column) {
        return tiles.code(row, column);
    }

    /// The step of a row, where it has one.
    ///
    /// @throws IllegalStateException when its groups have steps of their own
    public float step(int row) {
        return grids.rowStep(row);
    }

    /// The step of the grid at this place.
    public float step(int row, int column) {
        return grids.step(row, column / groupSize());
    }

    /// The zero point of a row's first group.
    public int zeroPoint(int row) {
        return grids.zeroPoint(row, 0);
    }

    /// The integer that, times [#step(int)], is the weight.
    ///
    /// @throws IllegalStateException unless [#isInteger]
    public int level(int row, int column) {
        if (!isInteger()) {
            throw new IllegalStateException("weight " + name + " is no integer multiple of one step per row");
        }
        int group = column / groupSize();
        return (int) grids.level(row, group, code(row, column)) * grids.multiplier(row, group);
    }

    /// The weight that is stored.
    public float value(int row, int column) {
        int group = column / groupSize();
        return grids.step(row, group) * grids.level(row, group, code(row, column));
    }

    /// Writes the stored weights of one row.
    public void dequantizeRow(int row, float[] into) {
        int groupSize = groupSize();
        for (int group = 0; group < grids.groups(); group++) {
            float step = grids.step(row, group);
            for (int column = group * groupSize; column < (group + 1) * groupSize; column++) {
                into[column] = step * grids.level(row, group, code(row, column));
            }
        }
    }

    /// Bytes of codes, steps, zero points and multipliers.
    public long bytes() {
        return (bits() <= 4 ? DType.U4 : DType.U8).byteSize((long) rows() * columns()) + grids.bytes();
    }
}
