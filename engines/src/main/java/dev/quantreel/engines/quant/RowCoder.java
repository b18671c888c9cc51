package dev.quantreel.engines.quant;

/// Chooses the codes of one row whose grids are known: the seam for methods that round with regard to more than the
/// single weight, such as GPTQ. Called from many threads, for every row once.
@FunctionalInterface
public interface RowCoder {

    /// The nearest code of every weight.
    RowCoder NEAREST = (row, weights, grid, codes) -> grid.nearest(weights, codes);

    /// Chooses codes, `0 .. grid.maxCode()`.
    ///
    /// @param row index, for coders that know more about rows
    /// @param weights the row; must not be changed
    /// @param grid its grids, valid during the call
    /// @param codes one unsigned code per column, to fill
    void encode(int row, float[] weights, RowGrid grid, byte[] codes);
}
