package dev.quantreel.engines.quant;

import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.tensor.Conversions;

/// A matrix less what a low-rank branch adds to it.
final class WithoutBranch implements WeightMatrix.Derived {

    private final WeightMatrix source;
    private final int rank;
    private final float factor;
    private final float[] down;
    private final float[] up;

    WithoutBranch(WeightMatrix source, LowRankBranch branch) {
        this.source = source;
        this.rank = branch.rank();
        this.factor = branch.factor();
        this.down = Conversions.toFloatArray(branch.down());
        this.up = Conversions.toFloatArray(branch.up());
    }

    @Override
    public WeightMatrix source() {
        return source;
    }

    @Override
    public void readRow(int row, float[] into) {
        source.readRow(row, into);
        for (int k = 0; k < rank; k++) {
            float share = factor * up[row * rank + k];
            for (int column = 0; column < columns(); column++) {
                into[column] -= share * down[k * columns() + column];
            }
        }
    }
}
