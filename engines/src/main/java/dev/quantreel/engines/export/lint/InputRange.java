package dev.quantreel.engines.export.lint;

import java.util.List;

/// The extents that an input of a graph may have.
///
/// @param min least, by axis
/// @param opt usual, by axis
/// @param max largest, by axis
public record InputRange(List<Long> min, List<Long> opt, List<Long> max) {

    public InputRange {
        min = List.copyOf(min);
        opt = List.copyOf(opt);
        max = List.copyOf(max);
    }

    /// A range whose largest extents are the usual ones.
    public InputRange(List<Long> min, List<Long> max) {
        this(min, max, max);
    }
}
