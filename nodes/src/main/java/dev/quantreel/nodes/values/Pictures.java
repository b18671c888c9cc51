package dev.quantreel.nodes.values;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.Socket;

/// Decoded frames: ComfyUI's `IMAGE`.
///
/// @param frames the pictures of one clip
@Socket("IMAGE")
public record Pictures(Frames frames) {}
