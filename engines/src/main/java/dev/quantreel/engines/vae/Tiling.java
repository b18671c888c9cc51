package dev.quantreel.engines.vae;

import dev.quantreel.engines.tensor.Shape;
import java.util.List;

/// Chooses tiles, and estimates the memory that a run on one needs.
///
/// @param grid what a cell stands for
/// @param memory what activations take
/// @param state carried from run to run; exists twice
record Tiling(VaeTraits.Grid grid, DecoderPlan.Memory memory, List<StateInput> state) {

    private static final int[] TILE_SIDES = {1024, 768, 512, 384, 256, 192, 128, 96, 64};

    /// Side of a tile in cells; the longer side of the latent when it is not cut.
    ///
    /// @param latent `[1, channels, frames, height, width]`
    /// @param run latent frames of the longest run
    int tileCells(Shape latent, int run, DecodeOptions options) {
        int longest = (int) Math.max(latent.dim(3), latent.dim(4));
        int pixels = grid.pixelsPerCell();
        if (options.tilePixels() > 0) {
            return Math.clamp(options.tilePixels() / pixels, Math.min(2, longest), longest);
        }
        if (bytes(latent, run, latent.dim(3), latent.dim(4)) <= options.budgetBytes()) {
            return longest;
        }
        int smallest = Math.max(2, memory.smallestTile() / pixels);
        for (int side : TILE_SIDES) {
            int cells = side / pixels;
            if (cells < longest && cells >= smallest && bytes(latent, run, cells, cells) <= options.budgetBytes()) {
                return cells;
            }
        }
        return Math.min(longest, smallest);
    }

    /// Cells that neighbouring tiles share, at most half a tile.
    int overlapCells(int tile, DecodeOptions options) {
        int wished = options.overlapPixels() == 0 ? tile / 4 : options.overlapPixels() / grid.pixelsPerCell();
        return Math.clamp(wished, 1, Math.max(1, tile / 2));
    }

    /// Working memory of a clip.
    long workingBytes(Shape latent, int run, DecodeOptions options) {
        int tile = tileCells(latent, run, options);
        return bytes(latent, run, Math.min(tile, latent.dim(3)), Math.min(tile, latent.dim(4)));
    }

    private long bytes(Shape latent, int run, long height, long width) {
        int clip = Math.toIntExact(latent.dim(2));
        long carried = state.stream()
                .mapToLong(input -> input.bytes(clip, height, width))
                .sum();
        return 2 * carried + memory.activationBytes(grid, run, height * width) + scores(clip, run, height * width);
    }

    /// Attention of a run's cells to those of all runs before.
    private long scores(int clip, int run, long cells) {
        return state.stream().anyMatch(StateInput::grows) ? 2L * Float.BYTES * run * cells * clip * cells : 0;
    }
}
