package dev.quantreel.engines.quant;

import dev.quantreel.engines.internal.kernel.GridSearchKernels;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// Quantizes one matrix, runs of rows in parallel.
final class MatrixQuantizer {

    private final WeightMatrix weights;
    private final WeightPlan plan;
    private final RowCoder coder;
    private final GridSearchKernels kernels;
    private final int groupSize;
    private final CodeValues values;
    private final float unit;

    MatrixQuantizer(WeightMatrix weights, WeightPlan plan, RowCoder coder, GridSearchKernels kernels) {
        this.weights = weights;
        this.plan = plan;
        this.coder = coder;
        this.kernels = kernels;
        this.groupSize = plan.granularity().groupSize(weights.name(), weights.columns());
        Optional<LloydMax> codebook = plan.quantizer().grids() instanceof WeightQuantizer.LloydMaxRows
                ? Optional.of(LloydMax.of(groupSize, plan.bits()))
                : Optional.empty();
        this.values = MatrixGrids.values(plan, groupSize);
        this.unit = codebook.map(book -> (float) book.unit()).orElse(1f);
    }

    /// Codes laid out for engines.
    QuantizedMatrix quantize(RowTasks tasks) {
        try (Arena arena = Arena.ofShared()) {
            int columns = weights.columns();
            Tensor codes = Tensor.allocate(DType.U8, Shape.of(weights.rows(), columns), arena);
            Storage storage = new Storage();
            QuantizationError error = quantize(storage, new Rows(codes.data(), columns, false), tasks);
            return new QuantizedMatrix(weights.name(), CodeTiles.of(codes, plan.bits(), tasks), storage.grids(), error);
        }
    }

    /// Codes as files hold them.
    ///
    /// @param into receives them
    PackedMatrix pack(MemorySegment into, RowTasks tasks) {
        int rowBytes = PackedMatrix.rowBytes(weights.columns(), plan.bits());
        Shape shape = Shape.of(weights.rows(), rowBytes);
        MemorySegment data = into.asSlice(0, shape.elements());
        Storage storage = new Storage();
        QuantizationError error = quantize(storage, new Rows(data, rowBytes, plan.bits() <= 4), tasks);
        return new PackedMatrix(
                weights.name(),
                weights.columns(),
                plan.bits(),
                new Tensor(DType.U8, shape, data),
                storage.grids(),
                error);
    }

    /// Where codes go, row by row.
    ///
    /// @param rowBytes distance of two rows
    /// @param packed whether two codes lie in a byte
    private record Rows(MemorySegment into, int rowBytes, boolean packed) {
        void put(int row, byte[] codes, byte[] scratch) {
            if (packed) {
                PackedMatrix.packRow(codes, scratch);
            }
            MemorySegment.copy(
                    packed ? scratch : codes, 0, into, ValueLayout.JAVA_BYTE, (long) row * rowBytes, rowBytes);
        }
    }

    private QuantizationError quantize(Storage storage, Rows rows, RowTasks tasks) {
        RowStatistics[] statistics = new RowStatistics[Math.ceilDiv(weights.rows(), RowTasks.CHUNK)];
        float[] range = plan.granularity() instanceof Granularity.PerTensor ? range(tasks) : new float[0];
        tasks.run(weights.rows(), (from, to) -> {
            float[] row = new float[weights.columns()];
            byte[] codes = new byte[row.length];
            byte[] scratch = new byte[rows.rowBytes];
            GridFinder finder = new GridFinder(plan, kernels, row, groupSize, unit);
            RowGrid grid = new RowGrid(row.length, groupSize, plan.bits(), values);
            RowStatistics chunk = new RowStatistics();
            for (int r = from; r < to; r++) {
                weights.readRow(r, row);
                if (range.length > 0) {
                    Grid shared = shared(range);
                    grid.set(0, shared.step(), shared.zeroPoint());
                } else {
                    finder.find(grid);
                }
                coder.encode(r, row, grid, codes);
                chunk.measure(row, grid, codes, finder.minMax());
                storage.put(r, grid);
                rows.put(r, codes, scratch);
            }
            statistics[from / RowTasks.CHUNK] = chunk;
        });
        RowStatistics total = new RowStatistics();
        for (RowStatistics chunk : statistics) {
            total.add(chunk);
        }
        return total.error();
    }

    private Grid shared(float[] range) {
        return plan.quantizer().grids() instanceof WeightQuantizer.Symmetric
                ? GridFinder.symmetric(Math.max(-range[0], range[1]), plan.bits())
                : Grid.over(range[0], range[1], (1 << plan.bits()) - 1);
    }

    /// The smallest and the largest weight, and 0.
    private float[] range(RowTasks tasks) {
        float[] lows = new float[weights.rows()];
        float[] highs = new float[weights.rows()];
        tasks.run(weights.rows(), (from, to) -> {
            float[] row = new float[weights.columns()];
            for (int r = from; r < to; r++) {
                weights.readRow(r, row);
                for (float weight : row) {
                    lows[r] = Math.min(lows[r], weight);
                    highs[r] = Math.max(highs[r], weight);
                }
            }
        });
        float[] range = new float[2];
        for (int r = 0; r < lows.length; r++) {
            range[0] = Math.min(range[0], lows[r]);
            range[1] = Math.max(range[1], highs[r]);
        }
        return range;
    }

    /// The grids under construction; each row is written by one thread.
    private final class Storage {
        private final int groups = weights.columns() / groupSize;
        private final boolean multiples = groups > 1 && plan.granularity() instanceof Granularity.GroupMultiples;
        private final Tensor steps;
        private final Tensor zeroPoints;
        private final Tensor multipliers;

        Storage() {
            int rows = weights.rows();
            Shape byGroup = groups == 1 ? Shape.of(rows) : Shape.of(rows, groups);
            steps = groups == 1 || multiples
                    ? Tensor.zeros(DType.F32, Shape.of(rows))
                    : Tensor.zeros(DType.BF16, byGroup);
            zeroPoints = Tensor.zeros(DType.U8, byGroup);
            multipliers = Tensor.zeros(DType.U8, multiples ? byGroup : Shape.of(0));
        }

        MatrixGrids grids() {
            return new MatrixGrids(values, steps, zeroPoints, multipliers);
        }

        void put(int row, RowGrid grid) {
            if (steps.dtype() == DType.F32) {
                steps.data().set(Tensor.FLOAT, row * 4L, grid.base());
            }
            for (int g = 0; g < groups; g++) {
                long index = (long) row * groups + g;
                zeroPoints.data().set(ValueLayout.JAVA_BYTE, index, (byte) grid.zeroPoint(g));
                if (multiples) {
                    multipliers.data().set(ValueLayout.JAVA_BYTE, index, (byte) grid.multiple(g));
                } else if (groups > 1) {
                    MatrixGrids.setStep(steps, index, grid.step(g));
                }
            }
        }
    }
}
