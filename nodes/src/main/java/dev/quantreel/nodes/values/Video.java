package dev.quantreel.nodes.values;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.Socket;
import java.nio.file.Path;
import java.util.List;

/// A clip with its frame rate and the files it was saved to: ComfyUI's `VIDEO`.
///
/// @param frames decoded frames before encoding
/// @param framesPerSecond rate
/// @param files one movie, or one picture per frame
@Socket("VIDEO")
public record Video(Frames frames, double framesPerSecond, List<Path> files) {

    public Video {
        files = List.copyOf(files);
    }
}
