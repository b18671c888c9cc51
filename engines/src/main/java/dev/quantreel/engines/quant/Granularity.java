package dev.quantreel.engines.quant;

/// How many weights share one step and zero point.
///
/// Groups run along the rows of a matrix `[out, in]`, that is along the sum of a product. A product of integers has one
/// factor per output, so steps that differ inside a row need either a product in floating point ([PerGroup]) or steps
/// that are integer multiples of one step per row ([GroupMultiples]).
public sealed interface Granularity {

    /// The fewest columns of a group that was made smaller to divide a row.
    int SMALLEST_GROUP = 8;

    /// One grid for the whole matrix; the weakest, kept as a baseline. For quantizers that take the range as it is.
    record PerTensor() implements Granularity {}

    /// One grid per row, that is per output channel.
    record PerRow() implements Granularity {}

    /// One grid per run of columns in a row, with steps in BF16. The product runs in floating point, on weights that
    /// are unpacked tile by tile.
    ///
    /// @param columns of a group, see [Granularity#groupSize]
    record PerGroup(int columns) implements Granularity {
        public PerGroup {
            requireGroup(columns);
        }
    }

    /// One grid per run of columns in a row, whose step is an integer multiple of the row's: `step_g = step * m_g`. The
    /// multiples ride inside the 8-bit factor, `(code - zeroPoint_g) * m_g`, so the product stays in integers. For
    /// weights of up to [#MULTIPLE_BITS] bits; beyond, 8 bits leave no room for a multiple.
    ///
    /// @param columns of a group, see [Granularity#groupSize]
    record GroupMultiples(int columns) implements Granularity {

        /// The most bits of a weight with multiples.
        public static final int MULTIPLE_BITS = 5;

        public GroupMultiples {
            requireGroup(columns);
        }
    }

    /// Columns that share a grid in a matrix of `columns` columns. Groups that do not divide it become as wide as the
    /// greatest common divisor; a matrix no wider than a group is one group.
    ///
    /// @param name of the matrix, for messages
    /// @throws IllegalArgumentException when that leaves groups of fewer than [#SMALLEST_GROUP] columns
    default int groupSize(String name, int columns) {
        int wanted =
                switch (this) {
                    case PerTensor(), PerRow() -> columns;
                    case PerGroup(int group) -> group;
                    case GroupMultiples(int group) -> group;
                };
        if (wanted >= columns) {
            return columns;
        }
        int divisor = greatestCommonDivisor(wanted, columns);
        if (divisor < Math.min(SMALLEST_GROUP, wanted)) {
            throw new IllegalArgumentException("weight " + name + " has " + columns + " columns, which groups of "
                    + wanted + " do not divide, nor a divisor of " + wanted + " of at least " + SMALLEST_GROUP
                    + "; accepted are " + acceptedSizes(columns) + ", or one grid per row");
        }
        return divisor;
    }

    private static String acceptedSizes(int columns) {
        StringBuilder sizes = new StringBuilder("groups of ");
        String separator = "";
        for (int size = SMALLEST_GROUP; size < columns; size++) {
            if (columns % size == 0) {
                sizes.append(separator).append(size);
                separator = ", ";
            }
        }
        return separator.isEmpty() ? "no groups" : sizes.toString();
    }

    private static int greatestCommonDivisor(int a, int b) {
        return b == 0 ? a : greatestCommonDivisor(b, a % b);
    }

    private static void requireGroup(int columns) {
        if (columns < 2) {
            throw new IllegalArgumentException("a group of weights has " + columns + " columns; at least 2 are needed");
        }
    }
}
