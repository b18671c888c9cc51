package dev.quantreel.engines.export.lint;

import java.util.List;

/// The extents that an input of a graph may have.
///
/// @param min least, by axis
/// @param max largest, by axis
public record InputRange(List<Long> min, List<Long> max) {

    public InputRange {
        min = List.copyOf(min);
        max = List.copyOf(max);
    }
}
