package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.algebra.TriangularFactor;
import dev.quantreel.engines.internal.kernel.ProductKernels;
import dev.quantreel.engines.internal.kernel.ProductKernels.Extent;
import dev.quantreel.engines.internal.kernel.ProductKernels.Panel;
import dev.quantreel.engines.runtime.ParallelPieces;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Comparator;
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

    private static final int BLOCK = 64;
    private static final double HARDER = 10;
    private static final int ATTEMPTS = 6;

    private final int[] order;
    private final Matrix factor;

    private ErrorFeedback(int[] order, Matrix factor) {
        this.order = order;
        this.factor = factor;
    }

    /// @param h `Σ x xᵀ` in the basis in which the weight is rounded
    /// @param damping share of the mean diagonal that is added; ten times as much where `h` stays singular in F32
    /// @throws IllegalArgumentException when `h` is not finite
    static ErrorFeedback of(Matrix h, double damping, ParallelPieces pieces) {
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
        double added = (damping > 0 ? damping : 1e-6) * (mean > 0 ? mean : 1);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++, added *= HARDER) {
            Matrix ordered = ordered(h, order, added);
            if (TriangularFactor.of(ordered, pieces).isPresent()) {
                return new ErrorFeedback(order, ordered);
            }
        }
        throw new IllegalArgumentException("the statistics of a layer's input are not finite");
    }

    private static Matrix ordered(Matrix h, int[] order, double added) {
        int n = h.rows();
        Matrix ordered = Matrix.zeros(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                ordered.values()[i * n + j] = h.at(order[i], order[j]);
            }
            ordered.values()[i * n + i] = (float) (h.at(order[i], order[i]) + added);
        }
        return ordered;
    }

    /// A matrix rounded anew to its grids.
    ///
    /// @param outputError `Σ ‖(w - ŵ) x‖²` over all rows, damping included
    record Rounded(QuantizedMatrix matrix, double outputError) {}

    /// Rounds with feedback.
    ///
    /// @param nearest the weight rounded to nearest: gives the grids
    Rounded round(Matrix weight, QuantizedMatrix nearest, RowTasks tasks) {
        double[] losses = new double[weight.rows()];
        RecodingError[] errors = new RecodingError[Math.ceilDiv(weight.rows(), RowTasks.CHUNK)];
        try (Arena rowMajor = Arena.ofShared()) {
            Tensor all = Tensor.allocate(DType.U8, Shape.of(weight.rows(), weight.columns()), rowMajor);
            tasks.run(weight.rows(), (from, to) -> {
                Rows rows = new Rows(weight, from, grids(nearest, from, to));
                byte[] codes = round(rows, losses);
                long offset = (long) from * weight.columns();
                MemorySegment.copy(codes, 0, all.data(), ValueLayout.JAVA_BYTE, offset, codes.length);
                errors[from / RowTasks.CHUNK] = rows.error(codes);
            });
            RecodingError error = new RecodingError();
            double outputError = 0;
            for (RecodingError chunk : errors) {
                error.add(chunk);
            }
            for (double loss : losses) {
                outputError += loss;
            }
            QuantizedMatrix rounded = new QuantizedMatrix(
                    nearest.name(),
                    CodeTiles.of(all, nearest.bits(), tasks),
                    nearest.grids(),
                    error.of(all.elements(), nearest.error()));
            return new Rounded(rounded, outputError);
        }
    }

    private static RowGrid[] grids(QuantizedMatrix matrix, int from, int to) {
        RowGrid[] grids = new RowGrid[to - from];
        MatrixGrids stored = matrix.grids();
        for (int r = 0; r < grids.length; r++) {
            grids[r] = new RowGrid(matrix.columns(), matrix.groupSize(), matrix.bits(), stored.values());
            for (int g = 0; g < stored.groups(); g++) {
                grids[r].set(g, stored.step(from + r, g), stored.zeroPoint(from + r, g));
            }
        }
        return grids;
    }

    /// Rows of a weight from `first` on, and the grids they are rounded to.
    private record Rows(Matrix weight, int first, RowGrid[] grids) {

        float at(int r, int column) {
            return weight.at(first + r, column);
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
        byte[] codes = new byte[count * n];
        float[] feedback = new float[count * n];
        float[] errors = new float[count * BLOCK];
        for (int start = 0; start < n; start += BLOCK) {
            int end = Math.min(n, start + BLOCK);
            for (int r = 0; r < count; r++) {
                losses[rows.first + r] += block(rows, r, new Work(feedback, errors, codes, start, end));
            }
            ProductKernels.best()
                    .add(
                            new Extent(count, end - start, n - end),
                            Panel.rows(errors, 0, BLOCK),
                            Panel.rows(factor.values(), start * n + end, n),
                            Panel.rows(feedback, end, n));
        }
        return codes;
    }

    /// The columns `start` to `end` in rounding order, and what is known and wanted of them.
    private record Work(float[] feedback, float[] errors, byte[] codes, int start, int end) {}

    private double block(Rows rows, int r, Work work) {
        int n = factor.columns();
        float[] u = factor.values();
        RowGrid grid = rows.grids[r];
        double loss = 0;
        for (int j = work.start; j < work.end; j++) {
            int column = order[j];
            float weight = rows.at(r, column);
            float wanted = weight + work.feedback[r * n + j] / u[j * n + j];
            int code = grid.nearest(column, wanted);
            float value = grid.value(column, code);
            work.codes[r * n + column] = (byte) code;
            float error = weight - value;
            work.errors[r * BLOCK + j - work.start] = error;
            double term = (double) u[j * n + j] * (wanted - value);
            loss += term * term;
            for (int k = j + 1; k < work.end; k++) {
                work.feedback[r * n + k] = Math.fma(error, u[j * n + k], work.feedback[r * n + k]);
            }
        }
        return loss;
    }
}
