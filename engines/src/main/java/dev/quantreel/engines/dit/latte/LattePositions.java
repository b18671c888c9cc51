package dev.quantreel.engines.dit.latte;

import dev.quantreel.engines.dit.SinCosTable;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.tensor.Tensor;

/// The position tables that Latte adds to its tokens.
final class LattePositions {

    /// Latents of more than this many rows are seen at a smaller scale.
    private static final int BASE_SAMPLE_SIZE = 64;

    private LattePositions() {}

    /// Half of a token's width tells the column, half the row, both stretched to the size of training.
    ///
    /// @return `[1, rows * columns, dim]`
    static Tensor space(LatteConfig config, TokenGrid grid) {
        int cells = grid.rows() * grid.columns();
        int half = config.dim() / 2;
        double base = (double) (config.sampleSize() / LatteConfig.PATCH)
                / Math.max(1, config.sampleSize() / BASE_SAMPLE_SIZE);
        SinCosTable table = SinCosTable.zeros(cells, config.dim());
        for (int cell = 0; cell < cells; cell++) {
            table.set(cell, 0, half, cell % grid.columns() * base / grid.columns());
            table.set(cell, half, half, cell / grid.columns() * base / grid.rows());
        }
        return table.tensor().reshape(1, cells, config.dim());
    }

    /// A single frame is a picture and has no place in time.
    ///
    /// @return `[frames, 1, dim]`
    static Tensor time(LatteConfig config, TokenGrid grid) {
        SinCosTable table = SinCosTable.zeros(grid.frames(), config.dim());
        for (int frame = 0; frame < grid.frames() && grid.frames() > 1; frame++) {
            table.set(frame, 0, config.dim(), frame);
        }
        return table.tensor().reshape(grid.frames(), 1, config.dim());
    }
}
