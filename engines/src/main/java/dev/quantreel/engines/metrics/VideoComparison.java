package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// All figures of a clip against a reference clip of the same prompt and seed, from decoded frames before any
/// encoder.
///
/// @param psnr fidelity frame by frame, dB
/// @param ssim structural similarity, 1 at most
/// @param multiScaleSsim the same over five scales; NaN below 176 x 176 pixels
/// @param frameDifferencePsnr PSNR of the motion, dB
/// @param maintenanceDivergence temporal divergence, 0 at least
/// @param gradientDeviation GMSD, 0 for equal clips
/// @param colourDistance of the histograms, 0 to 1
/// @param labDistance mean ΔE in CIELAB, 0 for equal clips
/// @param reference what the reference is like by itself
/// @param test what the other is like by itself
public record VideoComparison(
        Psnr psnr,
        Ssim ssim,
        double multiScaleSsim,
        double frameDifferencePsnr,
        double maintenanceDivergence,
        double gradientDeviation,
        double colourDistance,
        double labDistance,
        ClipFigures reference,
        ClipFigures test) {

    /// Computes everything.
    ///
    /// @throws IllegalArgumentException when the clips differ in shape or are smaller than 11 x 11 pixels
    public static VideoComparison of(Frames reference, Frames test) {
        return of(reference, ClipFigures.of(reference), test);
    }

    /// The same for one of many clips.
    ///
    /// @param figures of the reference
    /// @throws IllegalArgumentException when the clips differ in shape or are smaller than 11 x 11 pixels
    public static VideoComparison of(Frames reference, ClipFigures figures, Frames test) {
        return new VideoComparison(
                Psnr.of(reference, test),
                Ssim.of(reference, test),
                MultiScaleSsim.of(reference, test),
                Psnr.ofFrameDifferences(reference, test),
                TemporalMetrics.maintenanceDivergence(reference, test),
                GradientSimilarity.deviation(reference, test),
                ColourDistance.of(reference, test),
                LabDistance.of(reference, test),
                figures,
                ClipFigures.of(test));
    }

    /// |test − reference| of the flicker scores.
    public double flickerDelta() {
        return Math.abs(test.flicker() - reference.flicker());
    }

    /// |test − reference| of the mean cosines of the frames.
    public double consistencyDelta() {
        return Math.abs(test.consistency().mean() - reference.consistency().mean());
    }

    /// |test − reference| of the mean lengths of motion, over the reference's; NaN when the reference stands still.
    public double flowDelta() {
        double still = reference.motion().meanLength();
        return still == 0 ? Double.NaN : Math.abs(test.motion().meanLength() - still) / still;
    }

    /// Error that motion does not explain, test over reference; NaN when the reference has none.
    public double warpingRatio() {
        double least = reference.motion().warpingError();
        return least == 0 ? Double.NaN : test.motion().warpingError() / least;
    }

    /// Test over reference; much larger than 1 means noise. NaN when the reference is flat.
    public double highFrequencyRatio() {
        return reference.highFrequency() == 0 ? Double.NaN : test.highFrequency() / reference.highFrequency();
    }

    /// Test − reference; above 0 the test is nearer to noise.
    public double spectrumSlopeDelta() {
        return test.spectrumSlope() - reference.spectrumSlope();
    }
}
