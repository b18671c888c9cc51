package dev.quantreel.engines.video;

import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/// The rows of a part of a clip, with where each begins in the whole.
///
/// @param whole shape of the clip
/// @param part the part
record PictureRows(Shape whole, Tensor part, int firstPicture, int firstRow, int firstColumn) {

    static final int CHANNELS = 3;

    /// Takes one row.
    interface Row {
        /// @param at index of its first value in the clip
        /// @param values reused between calls
        void accept(long at, float[] values);
    }

    /// @throws IllegalArgumentException when the part is no F32 block of pictures or reaches beyond the clip
    static PictureRows of(Tensor clip, Tensor part, int firstPicture, int firstRow, int firstColumn) {
        Shape whole = clip.shape();
        Shape shape = part.shape();
        boolean fits = part.dtype() == DType.F32
                && shape.rank() == 4
                && shape.dim(3) == CHANNELS
                && firstPicture >= 0
                && firstRow >= 0
                && firstColumn >= 0
                && firstPicture + shape.dim(0) <= whole.dim(0)
                && firstRow + shape.dim(1) <= whole.dim(1)
                && firstColumn + shape.dim(2) <= whole.dim(2);
        if (!fits) {
            throw new IllegalArgumentException("a part " + part.dtype() + shape + " at picture " + firstPicture
                    + ", row " + firstRow + ", column " + firstColumn + " does not lie in a clip of " + whole);
        }
        return new PictureRows(whole, part, firstPicture, firstRow, firstColumn);
    }

    void forEach(Row consumer) {
        int rows = Math.toIntExact(part.shape().dim(1));
        float[] values = new float[Math.toIntExact(part.shape().dim(2)) * CHANNELS];
        for (int picture = 0; picture < part.shape().dim(0); picture++) {
            for (int row = 0; row < rows; row++) {
                long source = ((long) picture * rows + row) * values.length;
                MemorySegment.copy(part.data(), Tensor.FLOAT, Float.BYTES * source, values, 0, values.length);
                long line = (firstPicture + picture) * whole.dim(1) + firstRow + row;
                consumer.accept((line * whole.dim(2) + firstColumn) * CHANNELS, values);
            }
        }
    }
}
