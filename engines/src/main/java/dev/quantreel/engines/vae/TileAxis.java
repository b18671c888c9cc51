package dev.quantreel.engines.vae;

import java.util.ArrayList;
import java.util.List;

/// How one axis of the picture is cut.
///
/// @param spans tiles from first to last; neighbours overlap
record TileAxis(List<Span> spans) {

    /// Cells `start` up to `start + length` of the latent.
    ///
    /// @param before cells shared with the tile before; there this tile's share rises linearly
    /// @param after cells shared with the tile after
    record Span(int start, int length, int before, int after) {}

    /// Tiles of `tile` cells, each beginning `tile - overlap` after the one before; the last is as short as what
    /// is left.
    static TileAxis of(int cells, int tile, int overlap) {
        List<Span> spans = new ArrayList<>();
        int start = 0;
        while (true) {
            int length = Math.min(tile, cells - start);
            boolean last = start + length == cells;
            spans.add(new Span(start, length, start == 0 ? 0 : overlap, last ? 0 : overlap));
            if (last) {
                return new TileAxis(List.copyOf(spans));
            }
            start += tile - overlap;
        }
    }

    /// Share of position `i` of `length`: rises over the first `before`, falls over the last `after`. The share that
    /// falls and the one that rises in the neighbour sum to 1.
    static float share(int i, int length, int before, int after) {
        float rising = i < before ? i / (float) before : 1;
        int intoOverlap = i - (length - after);
        float falling = intoOverlap > 0 ? 1 - intoOverlap / (float) after : 1;
        return rising * falling;
    }
}
