package dev.quantreel.engines.metrics;

import dev.quantreel.engines.internal.kernel.ReductionKernels;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;

/// Distances of latents, velocities and other F32 tensors of equal shape.
///
/// A relative distance to an all-zero reference is 0 when the value is zero too, otherwise infinite.
public final class LatentMetrics {

    private LatentMetrics() {}

    /// ‖value − reference‖₁ / ‖reference‖₁.
    public static double relativeL1(Tensor value, Tensor reference) {
        requireComparable(value, reference);
        ReductionKernels kernels = ReductionKernels.best();
        return ratio(kernels.absDifferenceSum(value.data(), reference.data()), kernels.absSum(reference.data()));
    }

    /// ‖value − reference‖₂ / ‖reference‖₂.
    public static double relativeL2(Tensor value, Tensor reference) {
        requireComparable(value, reference);
        ReductionKernels kernels = ReductionKernels.best();
        return Math.sqrt(ratio(
                kernels.squaredDifferenceSum(value.data(), reference.data()), kernels.squareSum(reference.data())));
    }

    /// Cosine of the angle between both; 0 when one of them is all zero.
    public static double cosine(Tensor value, Tensor reference) {
        requireComparable(value, reference);
        ReductionKernels kernels = ReductionKernels.best();
        double norms = Math.sqrt(kernels.squareSum(value.data())) * Math.sqrt(kernels.squareSum(reference.data()));
        return norms == 0 ? 0 : kernels.dot(value.data(), reference.data()) / norms;
    }

    private static double ratio(double distance, double norm) {
        if (norm == 0) {
            return distance == 0 ? 0 : Double.POSITIVE_INFINITY;
        }
        return distance / norm;
    }

    private static void requireComparable(Tensor value, Tensor reference) {
        if (value.dtype() != DType.F32
                || reference.dtype() != DType.F32
                || !value.shape().equals(reference.shape())) {
            throw new IllegalArgumentException("expected two F32 tensors of one shape, got " + value.dtype()
                    + value.shape() + " and " + reference.dtype() + reference.shape());
        }
    }
}
