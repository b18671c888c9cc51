package dev.quantreel.engines.runtime.cuda.kernel;

/// Weights as signed codes, one to a byte, wherever they lie.
@FunctionalInterface
interface SignedCodes {

    /// Part of a matrix.
    record Block(int firstRow, int rows, int firstColumn, int columns) {}

    /// Copies a block.
    ///
    /// @param into `[rows, columns]` of the block, row after row
    void read(Block block, byte[] into);
}
