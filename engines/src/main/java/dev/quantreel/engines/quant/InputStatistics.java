package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.Optional;

/// Statistics of a layer's input in the basis in which the weight is rounded.
final class InputStatistics {

    private InputStatistics() {}

    /// Turns `Σ x xᵀ` into that of inputs that were divided by `smoothing` and then rotated: `Hᵀ D⁻¹ G D⁻¹ H`.
    ///
    /// @param gram before both; changed, as no second matrix of this size may fit
    /// @param smoothing per channel
    /// @return `gram`
    static Matrix turn(Matrix gram, Optional<float[]> smoothing, Optional<Rotation> rotation, ParallelPieces pieces) {
        smoothing.ifPresent(factors -> divide(gram, factors, pieces));
        rotation.ifPresent(own -> {
            rotateRows(gram, own, pieces);
            gram.transposeInPlace();
            rotateRows(gram, own, pieces);
        });
        return gram;
    }

    private static void divide(Matrix gram, float[] factors, ParallelPieces pieces) {
        int n = gram.columns();
        pieces.<ParallelPieces.Memory>run(n, () -> () -> {}, (i, none) -> {
            for (int j = 0; j < n; j++) {
                gram.values()[i * n + j] /= factors[i] * factors[j];
            }
        });
    }

    private static void rotateRows(Matrix matrix, Rotation rotation, ParallelPieces pieces) {
        int n = matrix.columns();
        pieces.<ParallelPieces.Memory>run(n, () -> () -> {}, (i, none) -> {
            float[] row = new float[n];
            matrix.readRow(i, row);
            rotation.apply(row);
            System.arraycopy(row, 0, matrix.values(), i * n, n);
        });
    }
}
