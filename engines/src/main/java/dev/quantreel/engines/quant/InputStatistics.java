package dev.quantreel.engines.quant;

import dev.quantreel.engines.algebra.Matrix;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.runtime.ParallelPieces;
import java.util.Optional;

/// Statistics of a layer's input in the basis in which the weight is rounded.
final class InputStatistics {

    private InputStatistics() {}

    /// `Σ x xᵀ` of inputs that were divided by `smoothing` and then rotated: `Hᵀ D⁻¹ G D⁻¹ H`.
    ///
    /// @param gram before both; not changed
    /// @param smoothing per channel
    static Matrix gram(Matrix gram, Optional<float[]> smoothing, Optional<Rotation> rotation, ParallelPieces pieces) {
        if (smoothing.isEmpty() && rotation.isEmpty()) {
            return gram;
        }
        Matrix turned = gram.copy();
        smoothing.ifPresent(factors -> divide(turned, factors));
        rotation.ifPresent(own -> {
            rotateRows(turned, own, pieces);
            turned.transposeInPlace();
            rotateRows(turned, own, pieces);
        });
        return turned;
    }

    private static void divide(Matrix gram, float[] factors) {
        int n = gram.columns();
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                gram.values()[i * n + j] /= factors[i] * factors[j];
            }
        }
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
