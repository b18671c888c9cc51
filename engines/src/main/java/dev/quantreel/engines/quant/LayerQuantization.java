package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.LowRank;
import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.lowrank.HalfPrecision;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// Quantizes one weight that is smoothed and rotated already: takes a low-rank branch out where the plan wants one, and
/// rounds with error feedback where statistics are at hand.
///
/// @param plan how
/// @param feedback of the input's statistics, in the basis of the weight; empty for methods without
/// @param tasks runs the rows
record LayerQuantization(WeightPlan plan, Optional<ErrorFeedback> feedback, RowTasks tasks) {

    /// Relative fall of the error below which another turn of the alternation is not worth its time.
    private static final double WORTHWHILE = 1e-3;

    /// @param branch what was taken out of the weight before it was quantized
    record Outcome(QuantizedMatrix matrix, Optional<LowRankBranch> branch) {}

    /// @param branch what was taken out of the weight before it was quantized
    record Packed(PackedMatrix matrix, Optional<LowRankBranch> branch) {}

    /// The codes as files hold them.
    ///
    /// @param into receives them
    Packed pack(WeightMatrix weight, MemorySegment into) {
        return switch (plan.branch()) {
            case BranchPlan.None() -> new Packed(withoutBranch(weight, into), Optional.empty());
            case BranchPlan.LowRank lowRank -> alternated(dense(weight), weight.name(), lowRank, into);
        };
    }

    /// The codes as engines want them.
    Outcome of(WeightMatrix weight) {
        if (plan.branch() instanceof BranchPlan.None && feedback.isEmpty()) {
            return new Outcome(QuantizedMatrix.of(weight, plan, tasks), Optional.empty());
        }
        try (Arena arena = Arena.ofShared()) {
            Packed packed = pack(weight, codes(weight.rows(), weight.columns(), arena));
            return new Outcome(QuantizedMatrix.of(packed.matrix, tasks), packed.branch);
        }
    }

    private MemorySegment codes(int rows, int columns, Arena arena) {
        return arena.allocate((long) rows * PackedMatrix.rowBytes(columns, plan.bits()), 64);
    }

    private PackedMatrix withoutBranch(WeightMatrix weight, MemorySegment into) {
        PackedMatrix nearest = PackedMatrix.of(weight, plan, into, tasks);
        return feedback.map(
                        own -> own.round(dense(weight), nearest, into, tasks).matrix())
                .orElse(nearest);
    }

    /// A turn of the alternation.
    ///
    /// @param error that it leaves: of the outputs where statistics are known, else of the weight
    private record Turn(PackedMatrix matrix, LowRankBranch branch, double error) {}

    /// `L = SVD(W - Q(R))`, `R = W - L` in turns, starting from `L = SVD(W)`; the best is kept.
    private Packed alternated(Matrix weight, String name, BranchPlan.LowRank wanted, MemorySegment into) {
        ParallelPieces pieces = new ParallelPieces(tasks.threads(), tasks.cancellation());
        try (Arena arena = Arena.ofShared()) {
            MemorySegment kept = codes(weight.rows(), weight.columns(), arena);
            MemorySegment other = codes(weight.rows(), weight.columns(), arena);
            LowRank leading = LowRank.of(weight, wanted.rank(), Optional.empty(), pieces);
            Turn best = turn(new Dense(name, weight), leading, kept, pieces);
            Turn last = best;
            for (int i = 1; i < wanted.iterations() && last.error > 0; i++) {
                Matrix left = leftBy(last.matrix, weight);
                leading = LowRank.of(left, wanted.rank(), Optional.of(leading.down()), pieces);
                Turn next = turn(new Dense(name, weight), leading, other, pieces);
                boolean worthwhile = next.error < last.error * (1 - WORTHWHILE);
                if (next.error < best.error) {
                    best = next;
                    other = kept;
                    kept = best.matrix.codes().data();
                }
                last = next;
                if (!worthwhile) {
                    break;
                }
            }
            return new Packed(best.matrix.in(into), Optional.of(best.branch));
        }
    }

    private Turn turn(Dense weight, LowRank leading, MemorySegment codes, ParallelPieces pieces) {
        LowRankBranch branch = stored(leading);
        Matrix rest = rest(weight.values, product(branch, pieces));
        PackedMatrix nearest = PackedMatrix.of(new Dense(weight.name, rest), plan, codes, tasks);
        if (feedback.isEmpty()) {
            double error = nearest.error().mse() * rest.rows() * rest.columns();
            return new Turn(nearest, branch, error);
        }
        ErrorFeedback.Rounded rounded = feedback.get().round(rest, nearest, codes, tasks);
        return new Turn(rounded.matrix(), branch, rounded.outputError());
    }

    private static LowRankBranch stored(LowRank leading) {
        HalfPrecision down = half(leading.down());
        HalfPrecision up = half(leading.up());
        return new LowRankBranch(
                down.values(), up.values(), down.factor() * up.factor(), LowRankBranch.Basis.QUANTIZED);
    }

    private static HalfPrecision half(Matrix matrix) {
        return HalfPrecision.of(Tensor.of(Shape.of(matrix.rows(), matrix.columns()), matrix.values()));
    }

    /// What a branch adds to the weight.
    static Matrix product(LowRankBranch branch, ParallelPieces pieces) {
        float[] down = Conversions.toFloatArray(branch.down());
        for (int i = 0; i < down.length; i++) {
            down[i] *= branch.factor();
        }
        Matrix up = Matrix.of(branch.outputs(), branch.rank(), Conversions.toFloatArray(branch.up()));
        return up.times(Matrix.of(branch.rank(), branch.inputs(), down), pieces);
    }

    /// `weight - product`, in the place of the product.
    private static Matrix rest(Matrix weight, Matrix product) {
        float[] values = product.values();
        for (int i = 0; i < values.length; i++) {
            values[i] = weight.values()[i] - values[i];
        }
        return product;
    }

    /// `W - Q(R)`.
    private Matrix leftBy(PackedMatrix quantized, Matrix weight) {
        int columns = weight.columns();
        Matrix left = weight.copy();
        tasks.run(weight.rows(), (from, to) -> {
            float[] row = new float[columns];
            byte[] packed = new byte[columns];
            byte[] codes = new byte[columns];
            for (int r = from; r < to; r++) {
                quantized.dequantizeRow(r, packed, codes, row);
                for (int column = 0; column < columns; column++) {
                    left.values()[r * columns + column] -= row[column];
                }
            }
        });
        return left;
    }

    private Matrix dense(WeightMatrix weight) {
        Matrix dense = Matrix.zeros(weight.rows(), weight.columns());
        tasks.run(weight.rows(), (from, to) -> {
            float[] row = new float[weight.columns()];
            for (int r = from; r < to; r++) {
                weight.readRow(r, row);
                System.arraycopy(row, 0, dense.values(), r * row.length, row.length);
            }
        });
        return dense;
    }

    /// A weight in memory.
    private record Dense(String name, Matrix values) implements WeightMatrix {
        @Override
        public int rows() {
            return values.rows();
        }

        @Override
        public int columns() {
            return values.columns();
        }

        @Override
        public void readRow(int row, float[] into) {
            values.readRow(row, into);
        }
    }
}
