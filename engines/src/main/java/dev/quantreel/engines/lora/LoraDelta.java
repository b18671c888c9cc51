package dev.quantreel.engines.lora;

import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Shape;

/// What a file adds to one tensor.
sealed interface LoraDelta {

    /// Rows of the tensor; its elements for a vector.
    long rows();

    /// Elements of a row.
    long columns();

    /// The rows ready to be added, read from the file once.
    Loaded load(Checkpoint file);

    /// Adds parts of rows.
    interface Loaded {
        /// `into[i] += factor * delta[row][from + i]` for every element of `into`.
        void addRow(int row, int from, float factor, float[] into);
    }

    /// `alpha / rank * up * down`; convolutions with kernels count as matrices `[out, in * kernel]`.
    ///
    /// @param up tensor `[rows, rank]`
    /// @param down tensor `[rank, columns]`
    /// @param alpha the file's, or the rank where it has none
    record LowRank(String up, String down, long rows, long columns, int rank, double alpha) implements LoraDelta {
        @Override
        public Loaded load(Checkpoint file) {
            float[] left = Conversions.toFloatArray(file.tensor(up));
            float[] right = Conversions.toFloatArray(file.tensor(down));
            float scale = (float) (alpha / rank);
            int width = Math.toIntExact(columns);
            return (row, from, factor, into) -> {
                for (int k = 0; k < rank; k++) {
                    float weight = left[row * rank + k] * scale * factor;
                    int begin = k * width + from;
                    for (int i = 0; i < into.length; i++) {
                        into[i] += weight * right[begin + i];
                    }
                }
            };
        }
    }

    /// A difference of full size.
    ///
    /// @param name tensor
    record Full(String name, long rows, long columns) implements LoraDelta {
        @Override
        public Loaded load(Checkpoint file) {
            float[] values = Conversions.toFloatArray(file.tensor(name));
            int width = Math.toIntExact(columns);
            return (row, from, factor, into) -> {
                int begin = row * width + from;
                for (int i = 0; i < into.length; i++) {
                    into[i] += factor * values[begin + i];
                }
            };
        }
    }

    /// Rows of a tensor: its first extent, or 1 for a scalar.
    static long rows(Shape shape) {
        return shape.rank() == 0 ? 1 : shape.dim(0);
    }

    /// Elements of a row.
    static long columns(Shape shape) {
        long rows = rows(shape);
        return rows == 0 ? 0 : shape.elements() / rows;
    }
}
