package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A weight matrix `[out, in]` as unsigned codes with one step and zero point per row: `ŵ = step * (code - zeroPoint)`.
///
/// The codes lie once in memory, as the [CodeTiles] that engines read; [#codes] lays them out by rows. Immutable; safe
/// to share.
public final class QuantizedMatrix {

    private final String name;
    private final int rows;
    private final int columns;
    private final int bits;
    private final CodeTiles tiles;
    private final Tensor steps;
    private final Tensor zeroPoints;
    private final QuantizationError error;

    private QuantizedMatrix(WeightMatrix weights, int bits, Storage storage, CodeTiles tiles, QuantizationError error) {
        this.name = weights.name();
        this.rows = weights.rows();
        this.columns = weights.columns();
        this.bits = bits;
        this.tiles = tiles;
        this.steps = storage.steps;
        this.zeroPoints = storage.zeroPoints;
        this.error = error;
    }

    /// Quantizes a matrix row by row. The result is the same for any number of threads.
    ///
    /// @param bits 2 to 8
    /// @throws IllegalArgumentException when `bits` is out of range or a weight is NaN or infinite
    public static QuantizedMatrix of(WeightMatrix weights, WeightQuantizer quantizer, int bits, RowTasks tasks) {
        return of(weights, quantizer, bits, tasks, GridSearchKernels.best());
    }

    static QuantizedMatrix of(
            WeightMatrix weights, WeightQuantizer quantizer, int bits, RowTasks tasks, GridSearchKernels kernels) {
        if (bits < 2 || bits > 8) {
            throw new IllegalArgumentException("weight bits is " + bits + "; 2 to 8 are accepted");
        }
        try (Arena rowMajor = Arena.ofShared()) {
            return of(
                    weights, quantizer, tasks, kernels, new Storage(weights.rows(), weights.columns(), bits, rowMajor));
        }
    }

    private static QuantizedMatrix of(
            WeightMatrix weights,
            WeightQuantizer quantizer,
            RowTasks tasks,
            GridSearchKernels kernels,
            Storage storage) {
        int bits = storage.bits;
        RowStatistics[] statistics = new RowStatistics[Math.ceilDiv(weights.rows(), RowTasks.CHUNK)];
        boolean perTensor = quantizer instanceof WeightQuantizer.MinMax(Granularity.PerTensor _);
        float[] range = perTensor ? range(weights, tasks) : new float[0];
        tasks.run(weights.rows(), (from, to) -> {
            float[] row = new float[weights.columns()];
            GridSearch search = new GridSearch(kernels, bits, row, row.length);
            RowStatistics chunk = new RowStatistics();
            for (int r = from; r < to; r++) {
                weights.readRow(r, row);
                Grid grid = perTensor ? Grid.over(range[0], range[1], (1 << bits) - 1) : search.find(quantizer);
                chunk.measure(row, row.length, grid, search.find(new WeightQuantizer.MinMax()));
                storage.put(r, row, grid);
            }
            statistics[from / RowTasks.CHUNK] = chunk;
        });
        RowStatistics total = new RowStatistics();
        for (RowStatistics chunk : statistics) {
            total.add(chunk);
        }
        CodeTiles tiles = CodeTiles.of(storage.codes, bits, tasks);
        return new QuantizedMatrix(weights, bits, storage, tiles, total.error());
    }

    public String name() {
        return name;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    public int bits() {
        return bits;
    }

    /// The codes as they lie in memory.
    public CodeTiles tiles() {
        return tiles;
    }

    /// The codes by rows, laid out anew at every call: `[rows, columns]`, packed as ONNX and PyTorch pack
    /// ([DType#U4], the even element in the low nibble) up to four bits, one to a byte beyond.
    public Tensor codes() {
        Tensor codes = Tensor.zeros(bits <= 4 ? DType.U4 : DType.U8, Shape.of(rows, columns));
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                long index = (long) row * columns + column;
                int shift = bits <= 4 ? 4 * (int) (index & 1) : 0;
                long at = bits <= 4 ? index >> 1 : index;
                int others = shift == 0 ? 0 : codes.data().get(ValueLayout.JAVA_BYTE, at);
                codes.data().set(ValueLayout.JAVA_BYTE, at, (byte) (others | code(row, column) << shift));
            }
        }
        return codes;
    }

    /// F32 `[rows]`.
    public Tensor steps() {
        return steps;
    }

    /// U8 `[rows]`.
    public Tensor zeroPoints() {
        return zeroPoints;
    }

    public QuantizationError error() {
        return error;
    }

    /// The code of one weight, `0 .. 2^bits - 1`.
    public int code(int row, int column) {
        return tiles.code(row, column);
    }

    public float step(int row) {
        return steps.data().get(Tensor.FLOAT, row * 4L);
    }

    public int zeroPoint(int row) {
        return zeroPoints.data().get(ValueLayout.JAVA_BYTE, row) & 0xFF;
    }

    /// Writes `step * (code - zeroPoint)` of one row.
    public void dequantizeRow(int row, float[] into) {
        float step = step(row);
        int zeroPoint = zeroPoint(row);
        for (int column = 0; column < columns; column++) {
            into[column] = step * (code(row, column) - zeroPoint);
        }
    }

    /// Bytes of codes, steps and zero points.
    public long bytes() {
        return (bits <= 4 ? DType.U4 : DType.U8).byteSize((long) rows * columns)
                + steps.data().byteSize()
                + zeroPoints.data().byteSize();
    }

    private static float[] range(WeightMatrix weights, RowTasks tasks) {
        float[] lows = new float[weights.rows()];
        float[] highs = new float[weights.rows()];
        tasks.run(weights.rows(), (from, to) -> {
            float[] row = new float[weights.columns()];
            GridSearch search = new GridSearch(GridSearchKernels.best(), 8, row, row.length);
            for (int r = from; r < to; r++) {
                weights.readRow(r, row);
                search.measureRange();
                lows[r] = search.low();
                highs[r] = search.high();
            }
        });
        float[] range = new float[2];
        for (int r = 0; r < lows.length; r++) {
            range[0] = Math.min(range[0], lows[r]);
            range[1] = Math.max(range[1], highs[r]);
        }
        return range;
    }

    /// The tensors under construction; each row is written by one thread.
    /// The codes by rows, which only live until they are laid out in tiles.
    private static final class Storage {
        private final int bits;
        private final Tensor codes;
        private final Tensor steps;
        private final Tensor zeroPoints;

        Storage(int rows, int columns, int bits, Arena rowMajor) {
            this.bits = bits;
            codes = Tensor.allocate(DType.U8, Shape.of(rows, columns), rowMajor);
            steps = Tensor.zeros(DType.F32, Shape.of(rows));
            zeroPoints = Tensor.zeros(DType.U8, Shape.of(rows));
        }

        void put(int row, float[] values, Grid grid) {
            steps.data().set(Tensor.FLOAT, row * 4L, grid.step());
            zeroPoints.data().set(ValueLayout.JAVA_BYTE, row, (byte) grid.zeroPoint());
            byte[] levels = new byte[values.length];
            float inverse = grid.inverse();
            for (int i = 0; i < values.length; i++) {
                levels[i] = (byte) grid.code(values[i], inverse);
            }
            MemorySegment.copy(
                    levels, 0, codes.data(), ValueLayout.JAVA_BYTE, (long) row * values.length, levels.length);
        }
    }
}
