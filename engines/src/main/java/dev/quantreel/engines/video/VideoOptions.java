package dev.quantreel.engines.video;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// How to write a clip.
///
/// @param format container and codec
/// @param framesPerSecond above 0, at most 240
/// @param quality 1 (small) to 100 (close to lossless); ignored by GIF
/// @param scale whole factor by which each pixel is repeated, at least 1
/// @param metadata texts embedded into the file by key, in order; ComfyUI's keys are `prompt` and `workflow`
public record VideoOptions(
        VideoFormat format, double framesPerSecond, int quality, int scale, Map<String, String> metadata) {

    /// Quality that looks like the source on clips of any size.
    public static final int DEFAULT_QUALITY = 90;

    /// Clips below this many pixels on their longer side are enlarged by [#viewableScale].
    public static final int SMALL_SIDE = 128;

    public VideoOptions {
        if (!(framesPerSecond > 0 && framesPerSecond <= 240)) {
            throw new IllegalArgumentException(
                    "frames per second is " + framesPerSecond + "; accepted is more than 0 up to 240");
        }
        if (quality < 1 || quality > 100) {
            throw new IllegalArgumentException("quality is " + quality + "; accepted are 1 to 100");
        }
        if (scale < 1 || scale > 64) {
            throw new IllegalArgumentException("scale is " + scale + "; accepted are 1 to 64");
        }
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /// The factor that makes a tiny clip comfortable to look at: 4 below [#SMALL_SIDE] pixels, else 1.
    public static int viewableScale(Frames frames) {
        return Math.max(frames.width(), frames.height()) < SMALL_SIDE ? 4 : 1;
    }
}
