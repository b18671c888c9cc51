package dev.quantreel.engines.vae;

import java.lang.foreign.Arena;

/// A family's answer to a checkpoint with an encoder: what it is, and how its graph is built and run.
///
/// The graph takes one tile: input `pictures` F32 `[frames, rows, columns, 3]` in [0, 1], output `latent` F32
/// `[latents, channels, height, width]` as the diffusion transformer takes it; input `first` BOOL `[1]` where
/// [DecoderPlan.Graph#marksFirst].
///
/// @param traits what it is
/// @param time how clips are cut, in latent frames: a run that drops what it begins with starts a clip of its own,
/// any other after the first goes on where the one before ended
/// @param memory what a run needs
/// @param graph builds the graph
record EncoderPlan(VaeTraits traits, TimePlan time, DecoderPlan.Memory memory, GraphSource graph) {

    /// Builds the graph; rearranged weights go into `arena`, which lives until the graph is opened.
    interface GraphSource {
        /// @param levels features that the graph puts out beside the latent
        /// @throws dev.quantreel.engines.tensor.UnsupportedCheckpointException when a tensor is missing or of
        /// another shape
        DecoderPlan.Graph build(Arena arena, EncoderLevels levels);
    }
}
