package dev.quantreel.engines.vae;

import dev.quantreel.engines.onnx.OnnxModel;
import java.lang.foreign.Arena;
import java.util.List;

/// A family's answer to a checkpoint: what it is, and how its graph is built and run.
///
/// @param traits what it is
/// @param time how clips are cut
/// @param memory what a run needs
/// @param graph builds the graph
record DecoderPlan(VaeTraits traits, TimePlan time, Memory memory, GraphSource graph) {

    /// Builds the graph; rearranged weights go into `arena`, which lives until the graph is opened.
    interface GraphSource {
        /// @throws UnsupportedCheckpointException when a tensor is missing or of another shape
        Graph build(Arena arena);
    }

    /// A decoder of one tile: input `latent` F32 `[frames, channels, height, width]`, output `rgb` F32 `[pictures,
    /// rows,
    /// columns, 3]` in [0, 1]; input `first` BOOL `[1]` where [#marksFirst].
    ///
    /// @param state carried from run to run
    /// @param marksFirst whether the graph treats the first run of a clip in a special way
    record Graph(OnnxModel model, List<StateInput> state, boolean marksFirst) {}

    /// What the activations of a run take.
    ///
    /// @param valuesPerPixel floats alive at the widest place, per pixel of the pictures of one run
    /// @param attention how attention grows
    /// @param smallestTile side in pixels below which no tile is chosen automatically
    record Memory(double valuesPerPixel, Attention attention, int smallestTile) {

        /// Feature maps of the widest stage that are alive at once where convolutions are summed over time taps:
        /// measured as 1.9 GB beside 1.3 GB of state for Wan 2.1's decoder at real size on a tile of 256 pixels
        /// (ONNX Runtime).
        static final double MAPS = 19;

        /// Which tokens see each other.
        enum Attention {
            /// Cells of one frame.
            FRAME,
            /// Cells of all frames of a run.
            CLIP,
            NONE
        }

        /// @param frames latent frames of the run
        /// @param cells latent cells of the tile
        long activationBytes(VaeTraits.Grid grid, int frames, long cells) {
            long pixels = cells * grid.pixelsPerCell() * grid.pixelsPerCell() * frames * grid.framesPerLatent();
            long tokens =
                    switch (attention) {
                        case FRAME -> cells;
                        case CLIP -> cells * frames;
                        case NONE -> 0;
                    };
            long scores = attention == Attention.CLIP ? tokens * tokens : frames * tokens * tokens;
            return (long) (Float.BYTES * valuesPerPixel * pixels) + 2L * Float.BYTES * scores;
        }
    }
}
