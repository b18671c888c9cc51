package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// What one clip is like, without a reference.
///
/// @param flicker VBench's temporal flickering, see [TemporalMetrics#flickerScore]
/// @param consistency of the frames with the first and with their neighbours
/// @param motion by block matching
/// @param highFrequency share of high-frequency energy, see [HighFrequency#share]
/// @param spectrumSlope about -2 for photographs, 0 for noise, see [SpectrumSlope#of]
/// @param notFinite values that are NaN or infinite, before anything clamps them
public record ClipFigures(
        double flicker,
        FrameConsistency consistency,
        BlockMotion motion,
        double highFrequency,
        double spectrumSlope,
        long notFinite) {

    /// Computes everything.
    ///
    /// @throws IllegalArgumentException when the frames are smaller than 8 x 8 pixels
    public static ClipFigures of(Frames frames) {
        return new ClipFigures(
                TemporalMetrics.flickerScore(frames),
                FrameConsistency.of(frames),
                BlockMotion.of(frames),
                HighFrequency.share(frames),
                SpectrumSlope.of(frames),
                notFinite(frames));
    }

    private static long notFinite(Frames frames) {
        long count = 0;
        for (int i = 0; i < frames.count(); i++) {
            for (float value : frames.frame(i)) {
                count += Float.isFinite(value) ? 0 : 1;
            }
        }
        return count;
    }
}
