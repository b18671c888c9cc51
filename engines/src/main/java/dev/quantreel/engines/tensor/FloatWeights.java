package dev.quantreel.engines.tensor;

/// The tensors of a checkpoint as F32, the type in which unquantized layers compute. Thread-safe if the checkpoint
/// is.
///
/// F32 tensors are views of the checkpoint; others are converted into garbage-collected native memory at each call.
public final class FloatWeights {

    private static final int TILE = 32;

    private final Checkpoint checkpoint;
    private final boolean evicts;

    public FloatWeights(Checkpoint checkpoint) {
        this(checkpoint, false);
    }

    private FloatWeights(Checkpoint checkpoint, boolean evicts) {
        this.checkpoint = checkpoint;
        this.evicts = evicts;
    }

    /// Weights that are read part by part: the memory of each is given back once it was looked at, so that a
    /// mapped file is never resident whole.
    public static FloatWeights evicting(Checkpoint checkpoint) {
        return new FloatWeights(checkpoint, true);
    }

    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /// @throws UnsupportedCheckpointException when the tensor is not of a float type or holds NaN or an infinity
    public Tensor tensor(String name) {
        Tensor stored = checkpoint.tensor(name);
        Tensor wide =
                switch (stored.dtype()) {
                    case F32, F64, F16, BF16, F8_E4M3, F8_E5M2 -> Conversions.toF32(stored);
                    default ->
                        throw new UnsupportedCheckpointException(
                                checkpoint.source(),
                                "tensor " + name + " is " + stored.dtype()
                                        + "; a weight is F32, F64, F16, BF16, F8_E4M3 or F8_E5M2");
                };
        return finite(name, wide);
    }

    /// The tensor in the type it is stored in, where engines can widen it themselves (F32, F16, BF16), otherwise as
    /// F32: a view of the checkpoint, without a copy, wherever that has one.
    ///
    /// @throws UnsupportedCheckpointException as [#tensor]
    public Tensor stored(String name) {
        Tensor stored = checkpoint.tensor(name);
        return switch (stored.dtype()) {
            case F32, F16, BF16 -> finite(name, stored);
            default -> tensor(name);
        };
    }

    private Tensor finite(String name, Tensor tensor) {
        NonFinite.firstIn(name, tensor).ifPresent(found -> {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), found.describe() + "; weights must be finite");
        });
        if (evicts) {
            tensor.evict();
        }
        return tensor;
    }

    /// A matrix `[out, in]` as `[in, out]`, as ONNX `MatMul` reads it.
    ///
    /// @throws UnsupportedCheckpointException as [#tensor], or when it is not a matrix
    public Tensor transposed(String name) {
        Tensor matrix = tensor(name);
        if (!matrix.isMatrix()) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), "tensor " + name + " is " + matrix.shape() + ", not a matrix");
        }
        long rows = matrix.shape().dim(0);
        long columns = matrix.shape().dim(1);
        Tensor result = Tensor.zeros(DType.F32, Shape.of(columns, rows));
        for (long i0 = 0; i0 < rows; i0 += TILE) {
            for (long j0 = 0; j0 < columns; j0 += TILE) {
                for (long i = i0; i < Math.min(rows, i0 + TILE); i++) {
                    for (long j = j0; j < Math.min(columns, j0 + TILE); j++) {
                        float value = matrix.data().get(Tensor.FLOAT, 4 * (i * columns + j));
                        result.data().set(Tensor.FLOAT, 4 * (j * rows + i), value);
                    }
                }
            }
        }
        return result;
    }
}
