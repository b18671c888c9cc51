package dev.quantreel.engines.quant;

/// A matrix whose columns are multiplied when its rows are read.
final class ScaledWeight implements WeightMatrix.Derived {

    private final WeightMatrix source;
    private final float[] factors;

    ScaledWeight(WeightMatrix source, float[] factors) {
        this.source = source;
        this.factors = factors;
    }

    @Override
    public WeightMatrix source() {
        return source;
    }

    @Override
    public void readRow(int row, float[] into) {
        source.readRow(row, into);
        for (int column = 0; column < factors.length; column++) {
            into[column] *= factors[column];
        }
    }
}
