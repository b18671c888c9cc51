package dev.quantreel.engines.dit.cogvideox;

import dev.quantreel.engines.dit.RopeTable;
import dev.quantreel.engines.dit.SinCosTable;
import dev.quantreel.engines.dit.TokenGrid;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/// How a CogVideoX transformer is told where in the clip a token lies.
public sealed interface Positions {

    /// Base of the rotary frequencies.
    double THETA = 10_000;

    /// A table added to the tokens: 2B. A quarter of a token's width tells the time, three eighths each the column and
    /// the row, which the model was trained to see at a smaller scale.
    record Added() implements Positions {

        private static final double SPATIAL_SCALE = 1.875;

        /// The frames' share.
        ///
        /// @return `[frames, 1, dim]`
        Tensor time(TokenGrid grid, int dim) {
            SinCosTable table = SinCosTable.zeros(grid.frames(), dim);
            for (int frame = 0; frame < grid.frames(); frame++) {
                table.set(frame, 0, dim / 4, frame);
            }
            return table.tensor().reshape(grid.frames(), 1, dim);
        }

        /// The columns' and rows' share.
        ///
        /// @return `[1, rows * columns, dim]`
        Tensor space(TokenGrid grid, int dim) {
            int cells = grid.rows() * grid.columns();
            int section = dim / 8 * 3;
            SinCosTable table = SinCosTable.zeros(cells, dim);
            for (int cell = 0; cell < cells; cell++) {
                table.set(cell, dim / 4, section, cell % grid.columns() / SPATIAL_SCALE);
                table.set(cell, dim / 4 + section, section, cell / grid.columns() / SPATIAL_SCALE);
            }
            return table.tensor().reshape(1, cells, dim);
        }
    }

    /// Queries and keys are rotated, a quarter of a head by time, three eighths each by row and column. Text stays
    /// unrotated.
    sealed interface Rotary extends Positions {

        /// Positions along rows and columns.
        List<double[]> places(TokenGrid grid);

        /// @param text tokens after those of the clip
        default RopeTable table(TokenGrid grid, int headDim, int text) {
            double[] frames = upTo(grid.frames());
            List<double[]> places = places(grid);
            return RopeTable.of(
                    List.of(frames, places.get(0), places.get(1)),
                    List.of(headDim / 4, headDim / 8 * 3, headDim / 8 * 3),
                    THETA,
                    text);
        }
    }

    /// Rows and columns are counted: 1.5.
    record Counted() implements Rotary {

        @Override
        public List<double[]> places(TokenGrid grid) {
            return List.of(upTo(grid.rows()), upTo(grid.columns()));
        }
    }

    /// The clip is stretched to the size of training and centred there: 5B.
    ///
    /// @param rows of patches in training
    /// @param columns of patches in training
    record Stretched(int rows, int columns) implements Rotary {

        @Override
        public List<double[]> places(TokenGrid grid) {
            boolean tall = (double) grid.rows() / grid.columns() > (double) rows / columns;
            int height = tall ? rows : round((double) columns / grid.columns() * grid.rows());
            int width = tall ? round((double) rows / grid.rows() * grid.columns()) : columns;
            return List.of(
                    between(round((rows - height) / 2.0), height, grid.rows()),
                    between(round((columns - width) / 2.0), width, grid.columns()));
        }

        /// To the even number, as Python rounds.
        private static int round(double value) {
            return (int) Math.rint(value);
        }

        private static double[] between(int begin, int extent, int count) {
            double end = (double) (begin + extent) * (count - 1) / count;
            double[] places = new double[count];
            Arrays.setAll(places, i -> count == 1 ? begin : begin + i * (end - begin) / (count - 1));
            return places;
        }
    }

    private static double[] upTo(int count) {
        double[] places = new double[count];
        Arrays.setAll(places, i -> i);
        return places;
    }
}
