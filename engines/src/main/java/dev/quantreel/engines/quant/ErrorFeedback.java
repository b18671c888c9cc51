package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.algebra.TriangularFactor;
import dev.quantreel.engines.internal.kernel.ProductKernels;
import dev.quantreel.engines.internal.kernel.ProductKernels.Extent;
import dev.quantreel.engines.internal.kernel.ProductKernels.Panel;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/// Rounding that makes up for its own errors (GPTQ, Frantar et al. 2023): weights are rounded one column after the
/// other, and what a column got wrong is taken into account by those that follow, so that the error of the output
/// `Σ ‖(w - ŵ) x‖²` falls instead of that of the weight.
///
/// With `H = Σ x xᵀ = U Uᵀ`, `U` upper triangular, the error of a row is `Σ_j (Σ_{i<=j} e_i U_ij)²`; column `j` is
/// rounded to the grid value nearest to `w_j + Σ_{i<j} e_i U_ij / U_jj`, which makes term `j` least. That is GPTQ's
/// update, without the inverse. Columns go by falling `H_jj`; a share of the mean diagonal is added to the diagonal
/// first. Immutable.
final class ErrorFeedback {

    /// Columns that are rounded before their errors are brought to the others of a strip.
    private static final int BLOCK = 32;

    /// Columns whose errors are brought to all that follow in one product, so that these pass through the caches once.
    private static final int STRIP = 512;

    /// Rows that share a pass over the factor.
    private static final int ROWS = 64;

    private static final double HARDER = 10;
    private static final int ATTEMPTS = 6;

    private final int[] order;
    private final Matrix factor;

    private ErrorFeedback(int[] order, Matrix factor) {
        this.order = order;
        this.factor = factor;
    }

    /// @param h gives `Σ x xᵀ` in the basis in which the weight is rounded, anew at every call: it becomes the factor
    /// @param damping share of the mean diagonal that is added; ten times as much where `h` stays singular in F32
    /// @throws IllegalArgumentException when `h` is not finite
    static ErrorFeedback of(Supplier<Matrix> h, double damping, ParallelPieces pieces) {
        double times = damping > 0 ? damping : 1e-6;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++, times *= HARDER) {
            Optional<ErrorFeedback> found = factored(h.get(), times, pieces);
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new IllegalArgumentException("the statistics of a layer's input are not finite");
    }

    private static Optional<ErrorFeedback> factored(Matrix h, double damping, ParallelPieces pieces) {
        int n = h.rows();
        int[] order = IntStream.range(0, n)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -h.at(i, i)))
                .mapToInt(Integer::intValue)
                .toArray();
        double mean =
                IntStream.range(0, n).mapToDouble(i -> h.at(i, i)).average().orElse(0);
        if (!Double.isFinite(mean)) {
            throw new IllegalArgumentException("the statistics of a layer's input are not finite");
        }
        double added = damping * (mean > 0 ? mean : 1);
        h.reorder(order, pieces);
        for (int i = 0; i < n; i++) {
            h.values()[i * n + i] = (float) (h.at(i, i) + added);
        }
        return TriangularFactor.of(h, pieces).map(factor -> new ErrorFeedback(order, factor));
    }

    /// A matrix rounded anew to its grids.
    ///
    /// @param outputError `Σ ‖(w - ŵ) x‖²` over all rows, damping included
    record Rounded(PackedMatrix matrix, double outputError) {}

    /// Rounds with feedback.
    ///
    /// @param nearest the weight rounded to nearest: gives the grids
    /// @param into receives the codes; may be where those of `nearest` lie
    Rounded round(Matrix weight, PackedMatrix nearest, MemorySegment into, RowTasks tasks) {
        double[] losses = new double[weight.rows()];
        int chunks = Math.ceilDiv(weight.rows(), ROWS);
        RecodingError[] errors = new RecodingError[chunks];
        ParallelPieces pieces = new ParallelPieces(tasks.threads(), tasks.cancellation());
        pieces.<ParallelPieces.Memory>run(chunks, () -> () -> {}, (chunk, none) -> {
            int from = chunk * ROWS;
            int to = Math.min(weight.rows(), from + ROWS);
            Rows rows = new Rows(weight, from, grids(nearest, from, to));
            byte[] codes = round(rows, losses);
            rows.pack(codes, nearest.bits(), into);
            errors[chunk] = rows.error(codes);
        });
        RecodingError error = new RecodingError();
        double outputError = 0;
        for (RecodingError chunk : errors) {
            error.add(chunk);
        }
        for (double loss : losses) {
            outputError += loss;
        }
        Tensor codes = new Tensor(
                DType.U8,
                nearest.codes().shape(),
                into.asSlice(0, nearest.codes().elements()));
        long count = (long) weight.rows() * weight.columns();
        return new Rounded(
                new PackedMatrix(
                        nearest.name(),
                        weight.columns(),
                        nearest.bits(),
                        codes,
                        nearest.grids(),
                        error.of(count, nearest.error())),
                outputError);
    }

    private static RowGrid[] grids(PackedMatrix matrix, int from, int to) {
        RowGrid[] grids = new RowGrid[to - from];
        MatrixGrids stored = matrix.grids();
        for (int r = 0; r < grids.length; r++) {
            grids[r] =
                    new RowGrid(matrix.columns(), matrix.columns() / stored.groups(), matrix.bits(), stored.values());
            for (int g = 0; g < stored.groups(); g++) {
                grids[r].set(g, stored.step(from + r, g), stored.zeroPoint(from + r, g));
            }
        }
        return grids;
    }

    /// Rows of a weight from `first` on, and the grids they are rounded to.
    private record Rows(Matrix weight, int first, RowGrid[] grids) {

        void pack(byte[] codes, int bits, MemorySegment into) {
            int columns = weight.columns();
            int rowBytes = PackedMatrix.rowBytes(columns, bits);
            byte[] packed = new byte[rowBytes];
            for (int r = 0; r < grids.length; r++) {
                byte[] row = Arrays.copyOfRange(codes, r * columns, (r + 1) * columns);
                if (bits <= 4) {
                    PackedMatrix.packRow(row, packed);
                } else {
                    packed = row;
                }
                MemorySegment.copy(packed, 0, into, ValueLayout.JAVA_BYTE, (long) (first + r) * rowBytes, rowBytes);
            }
        }

        RecodingError error(byte[] codes) {
            RecodingError error = new RecodingError();
            for (int r = 0; r < grids.length; r++) {
                error.measure(weight, first + r, grids[r], codes, r * weight.columns());
            }
            return error;
        }
    }

    private byte[] round(Rows rows, double[] losses) {
        int n = factor.columns();
        int count = rows.grids.length;
        Work work = new Work(
                inOrder(rows),
                new float[count * n],
                new float[count * Math.min(STRIP, n)],
                new float[3 * BLOCK * count],
                new byte[count * n]);
        for (int start = 0; start < n; start += STRIP) {
            int end = Math.min(n, start + STRIP);
            for (int first = start; first < end; first += BLOCK) {
                Columns block = new Columns(first, Math.min(end, first + BLOCK), first - start);
                block(rows, block, work, losses);
                pass(block, end, count, work);
            }
            pass(new Columns(start, end, 0), n, count, work);
        }
        return work.codes;
    }

    /// The weights of some rows in rounding order.
    private float[] inOrder(Rows rows) {
        int n = factor.columns();
        float[] ordered = new float[rows.grids.length * n];
        float[] row = new float[n];
        for (int r = 0; r < rows.grids.length; r++) {
            rows.weight.readRow(rows.first + r, row);
            for (int j = 0; j < n; j++) {
                ordered[r * n + j] = row[order[j]];
            }
        }
        return ordered;
    }

    /// What is known and wanted of some rows.
    ///
    /// @param weights in rounding order
    /// @param feedback in rounding order
    /// @param errors of the columns of a strip
    /// @param block weights, feedback and errors of a block, column by column, so that rows go abreast
    private record Work(float[] weights, float[] feedback, float[] errors, float[] block, byte[] codes) {}

    /// Columns in rounding order.
    ///
    /// @param place of the first in a strip
    private record Columns(int start, int end, int place) {}

    /// Brings the errors of columns to those that follow, up to `until`.
    private void pass(Columns from, int until, int count, Work work) {
        int n = factor.columns();
        ProductKernels.best()
                .add(
                        new Extent(count, from.end - from.start, until - from.end),
                        Panel.rows(work.errors, from.place, Math.min(STRIP, n)),
                        Panel.rows(factor.values(), from.start * n + from.end, n),
                        Panel.rows(work.feedback, from.end, n));
    }

    private void block(Rows rows, Columns block, Work work, double[] losses) {
        int n = factor.columns();
        int count = rows.grids.length;
        int feedback = BLOCK * count;
        int errors = 2 * BLOCK * count;
        float[] own = work.block;
        for (int r = 0; r < count; r++) {
            for (int j = block.start; j < block.end; j++) {
                own[(j - block.start) * count + r] = work.weights[r * n + j];
                own[feedback + (j - block.start) * count + r] = work.feedback[r * n + j];
            }
        }
        for (int j = block.start; j < block.end; j++) {
            int at = (j - block.start) * count;
            column(rows, j, at, work, losses);
            int others = block.end - j - 1;
            ProductKernels.best()
                    .add(
                            new Extent(others, 1, count),
                            new Panel(factor.values(), j * n + j + 1, 1, 1),
                            Panel.rows(own, errors + at, count),
                            Panel.rows(own, feedback + at + count, count));
        }
        int strip = Math.min(STRIP, n);
        for (int r = 0; r < count; r++) {
            for (int j = block.start; j < block.end; j++) {
                work.errors[r * strip + block.place + j - block.start] = own[errors + (j - block.start) * count + r];
            }
        }
    }

    /// Rounds a column of all rows, whose errors do not depend on each other.
    ///
    /// @param at where it begins in the block
    private void column(Rows rows, int j, int at, Work work, double[] losses) {
        int n = factor.columns();
        int count = rows.grids.length;
        int column = order[j];
        int group = column / rows.grids[0].groupSize();
        float diagonal = factor.values()[j * n + j];
        float[] own = work.block;
        for (int r = 0; r < count; r++) {
            RowGrid grid = rows.grids[r];
            float weight = own[at + r];
            float wanted = weight + own[BLOCK * count + at + r] / diagonal;
            int code = grid.nearestIn(group, wanted);
            float value = grid.valueIn(group, code);
            work.codes[r * n + column] = (byte) code;
            own[2 * BLOCK * count + at + r] = weight - value;
            double term = (double) diagonal * (wanted - value);
            losses[rows.first + r] += term * term;
        }
    }
}
