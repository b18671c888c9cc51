package dev.quantreel.engines.quant;

import java.util.Arrays;
import java.util.List;

/// What a code of a quantized weight stands for, in steps.
public sealed interface CodeValues {

    /// An even grid with an integer zero point: `code - zeroPoint`.
    record Integers() implements CodeValues {}

    /// An even grid whose zero point is a fraction, `code - zeroPoint / parts`; the parts make it fit a byte. A product
    /// of integers cannot carry it.
    ///
    /// @param parts of a step, a power of two
    record Fractions(int parts) implements CodeValues {
        public Fractions {
            if (parts < 1 || Integer.bitCount(parts) != 1) {
                throw new IllegalArgumentException("a step has " + parts + " parts; a power of two is needed");
            }
        }
    }

    /// A table of integers, `levels[code]`, rising; the zero point is 0.
    ///
    /// @param levels `2^bits` values of -127 to 127
    record Table(List<Integer> levels) implements CodeValues {
        public Table {
            levels = List.copyOf(levels);
            for (int i = 0; i < levels.size(); i++) {
                boolean rises = i == 0 || levels.get(i) > levels.get(i - 1);
                if (Math.abs(levels.get(i)) > 127 || !rises) {
                    throw new IllegalArgumentException(
                            "a table of levels rises within -127 to 127, got " + levels + " at entry " + i);
                }
            }
        }

        /// The levels as an array.
        int[] array() {
            return levels.stream().mapToInt(Integer::intValue).toArray();
        }

        /// The table of ever so many codes that lies symmetrically around 0.
        static Table of(int... levels) {
            return new Table(Arrays.stream(levels).boxed().toList());
        }
    }

    /// Whether values are integers times the step.
    default boolean areIntegers() {
        return !(this instanceof Fractions);
    }
}
