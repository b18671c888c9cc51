package dev.quantreel.engines.quant;

import java.util.List;
import java.util.stream.IntStream;

/// Finds the nearest value of a [LloydMaxCodebook] without a search: a coordinate in rms falls into one of 4,096 cells,
/// `floor(x / (rms * cell))`, and the cell names an integer that stands for the value. Boundaries therefore lie on the
/// edges of cells, at most half a cell (1/4096 of the largest value) off the midpoints.
///
/// @param codebook the values
public record CentroidTable(LloydMaxCodebook codebook) {

    /// Fewest bits.
    public static final int MIN_BITS = 2;

    /// Most bits.
    public static final int MAX_BITS = 8;

    /// Cells on either side of 0.
    public static final int CELLS = 2048;

    /// Largest integer that stands for a value in one byte.
    public static final int BYTE_MAX = 127;

    /// Largest integer that stands for a value in two bytes `256 h + l`.
    public static final int WIDE_MAX = 127 * 256 + 127;

    /// @param channels of the activation, 8 or more
    public static CentroidTable of(int channels, int bits) {
        return new CentroidTable(LloydMaxCodebook.of(channels, bits));
    }

    /// The tables of [#MIN_BITS] to [#MAX_BITS] bits.
    public static List<CentroidTable> all(int channels) {
        return IntStream.rangeClosed(MIN_BITS, MAX_BITS)
                .mapToObj(bits -> of(channels, bits))
                .toList();
    }

    /// Width of a cell, in rms.
    public float cell() {
        return (float) (codebook.top() / CELLS);
    }

    /// What one unit of the integers is worth, in rms.
    ///
    /// @param max [#BYTE_MAX] or [#WIDE_MAX]
    public float unit(int max) {
        return (float) (codebook.top() / max);
    }

    /// The integers by cell, as a graph's Gather indexes them: cells 0 to 2,047, then -2,048 to -1.
    ///
    /// @param max [#BYTE_MAX] or [#WIDE_MAX]
    public int[] integers(int max) {
        int[] integers = new int[2 * CELLS];
        for (int cell = -CELLS; cell < CELLS; cell++) {
            double middle = (cell + 0.5) * codebook.top() / CELLS;
            integers[Math.floorMod(cell, 2 * CELLS)] = codebook.surrogate(codebook.nearest(middle), max);
        }
        return integers;
    }
}
