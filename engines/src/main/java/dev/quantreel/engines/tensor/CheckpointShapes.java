package dev.quantreel.engines.tensor;

/// Reads sizes out of a checkpoint and checks them, with messages that name file, tensor and what was expected.
public final class CheckpointShapes {

    private CheckpointShapes() {}

    /// Extent of one axis of a tensor that must have `rank` axes.
    ///
    /// @throws UnsupportedCheckpointException when the tensor is missing or has another rank
    public static int extent(Checkpoint checkpoint, String name, int rank, int axis) {
        Shape shape = shape(checkpoint, name, "a tensor of " + rank + " axes");
        if (shape.rank() != rank) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), "tensor " + name + " is " + shape + ", expected " + rank + " axes");
        }
        return Math.toIntExact(shape.dim(axis));
    }

    /// @throws UnsupportedCheckpointException when the tensor is missing or has another shape
    public static void require(Checkpoint checkpoint, String name, Shape expected) {
        Shape shape = shape(checkpoint, name, expected.toString());
        if (!shape.equals(expected)) {
            throw new UnsupportedCheckpointException(
                    checkpoint.source(), "tensor " + name + " is " + shape + ", expected " + expected);
        }
    }

    private static Shape shape(Checkpoint checkpoint, String name, String expected) {
        if (!checkpoint.contains(name)) {
            throw new DamagedCheckpointException(
                    checkpoint.source(), "tensor " + name + " is missing; expected " + expected);
        }
        return checkpoint.shape(name);
    }
}
