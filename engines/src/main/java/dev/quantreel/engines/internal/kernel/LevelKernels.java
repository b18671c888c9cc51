package dev.quantreel.engines.internal.kernel;

/// Loops over weights whose codes are no integer multiples of a step: grids with a fractional zero point, and tables of
/// levels. [ScalarLevels] is the specification; all members return the same bits.
public sealed interface LevelKernels permits ScalarLevels, VectorLevels {

    /// Number of interleaved partial sums, as in [GridSearchKernels].
    int LANES = GridSearchKernels.LANES;

    /// The fastest member this process can run.
    static LevelKernels best() {
        return Holder.BEST;
    }

    /// Writes the nearest code of every weight of `row[from..to)` as an unsigned byte, to the same places.
    void codes(float[] row, int from, int to, FractionalGrid grid, byte[] into);

    /// Writes the index of the nearest level of every weight of `row[from..to)`: how many boundaries lie below it.
    ///
    /// @param table scale and boundaries
    void codes(float[] row, int from, int to, Table table, byte[] into);

    /// Levels by what lies between them.
    ///
    /// @param inverse what weights are multiplied by first
    /// @param boundaries sums of neighbouring levels, rising: a weight beyond half of one has the next code
    record Table(float inverse, Floats boundaries) {}

    /// Numbers that are not changed.
    final class Floats {
        final float[] values;

        public Floats(float... values) {
            this.values = values.clone();
        }
    }

    /// What the codes of weights leave of them, `e = w - value(code)`; clipped is what lies more than half a
    /// step beyond the ends.
    RowKernels.Errors errors(float[] row, int from, int to, FractionalGrid grid, byte[] codes);

    /// One turn of half-quadratic quantization on `row[from..to)`.
    Turn turn(float[] row, int from, int to, FractionalGrid grid, Shrinkage shrinkage);

    /// What small errors are taken off by: `sign(e) max(|e| - |e|^exponent / beta, 0)`.
    record Shrinkage(float exponent, float beta) {}

    /// @param magnitudes `Σ|e|` of the grid
    /// @param zeros `Σ (code - (w - shrunk e) / step)`, the mean of which is the next zero
    record Turn(float magnitudes, float zeros) {}

    /// Delays loading of the members until one is asked for.
    final class Holder {
        private static final LevelKernels BEST = VectorSupport.choose(ScalarLevels::new, VectorLevels::new);

        private Holder() {}
    }
}
