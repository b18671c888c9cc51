package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.tensor.Shape;
import java.util.Optional;

/// Vectors that rows share: one for all of them, or one for each of several stretches of equally many rows.
final class Stretches {

    private Stretches() {}

    /// How many stretches have vectors of their own, where that is how vectors broadcast to rows.
    static Optional<Long> of(Shape vectors, Shape rows) {
        if (vectors.rank() == 0 || rows.rank() < vectors.rank() || vectors.dim(-1) != rows.dim(-1)) {
            return Optional.empty();
        }
        int missing = rows.rank() - vectors.rank();
        long stretches = 1;
        boolean shared = false;
        for (int axis = 0; axis < rows.rank() - 1; axis++) {
            long own = axis < missing ? 1 : vectors.dim(axis - missing);
            if (rows.dim(axis) == 1) {
                continue;
            }
            if (own != 1 && shared) {
                return Optional.empty();
            }
            shared |= own == 1;
            stretches *= own;
        }
        return Optional.of(stretches);
    }
}
