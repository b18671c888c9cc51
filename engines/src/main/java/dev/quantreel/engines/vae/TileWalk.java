package dev.quantreel.engines.vae;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Shape;
import java.util.List;

/// A clip cut into tiles, and each tile into runs along time; [#walk] goes through them tile by tile.
///
/// @param rows of cells
/// @param columns of cells
/// @param times latent frames
record TileWalk(List<TileAxis.Span> rows, List<TileAxis.Span> columns, List<TimePlan.Span> times) {

    /// @param latent `[1, channels, frames, height, width]`
    static TileWalk of(Shape latent, TimePlan time, Tiling tiling, DecodeOptions options) {
        int frames = (int) latent.dim(2);
        int tile = tiling.tileCells(latent, time.longest(frames), options);
        int overlap = tiling.overlapCells(tile, options);
        return new TileWalk(
                TileAxis.of((int) latent.dim(3), tile, overlap).spans(),
                TileAxis.of((int) latent.dim(4), tile, overlap).spans(),
                time.spans(frames));
    }

    /// The runs of one tile, in order; closed after the last.
    interface Tile extends AutoCloseable {
        /// @param after pictures or latent frames at the end that are shared with the run after
        void run(TimePlan.Span time, int after);

        @Override
        void close();
    }

    /// Begins a tile.
    interface Start {
        Tile at(TileAxis.Span row, TileAxis.Span column);
    }

    /// @param progress told after every run
    /// @throws java.util.concurrent.CancellationException when cancellation was asked
    void walk(Start start, CancellationToken cancellation, VaeDecoder.Progress progress) {
        int total = rows.size() * columns.size() * times.size();
        int done = 0;
        for (TileAxis.Span row : rows) {
            for (TileAxis.Span column : columns) {
                try (Tile tile = start.at(row, column)) {
                    for (int i = 0; i < times.size(); i++) {
                        tile.run(
                                times.get(i),
                                i + 1 < times.size() ? times.get(i + 1).blend() : 0);
                        progress.report(++done, total);
                        cancellation.throwIfCancelled();
                    }
                }
            }
        }
    }
}
