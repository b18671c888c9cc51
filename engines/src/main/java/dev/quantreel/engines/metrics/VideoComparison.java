package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;

/// All figures of a clip against a reference clip of the same prompt and seed, from decoded frames before any encoder.
///
/// @param psnr fidelity frame by frame, dB
/// @param ssim structural similarity, 1 at most
/// @param frameDifferencePsnr PSNR of the motion, dB
/// @param referenceFlicker VBench flicker score of the reference, 1 at most
/// @param testFlicker the same of the test
/// @param maintenanceDivergence temporal divergence, 0 at least
/// @param referenceHighFrequency share of high-frequency energy of the reference
/// @param testHighFrequency the same of the test; much larger than the reference's means noise
/// @param gradientDeviation GMSD, 0 for equal clips
/// @param colourDistance of the histograms, 0 to 1
public record VideoComparison(
        Psnr psnr,
        Ssim ssim,
        double frameDifferencePsnr,
        double referenceFlicker,
        double testFlicker,
        double maintenanceDivergence,
        double referenceHighFrequency,
        double testHighFrequency,
        double gradientDeviation,
        double colourDistance) {

    /// Computes everything.
    ///
    /// @throws IllegalArgumentException when the clips differ in shape or are smaller than 11 x 11 pixels
    public static VideoComparison of(Frames reference, Frames test) {
        return new VideoComparison(
                Psnr.of(reference, test),
                Ssim.of(reference, test),
                Psnr.ofFrameDifferences(reference, test),
                TemporalMetrics.flickerScore(reference),
                TemporalMetrics.flickerScore(test),
                TemporalMetrics.maintenanceDivergence(reference, test),
                HighFrequency.share(reference),
                HighFrequency.share(test),
                GradientSimilarity.deviation(reference, test),
                ColourDistance.of(reference, test));
    }

    /// |test − reference| of the flicker scores.
    public double flickerDelta() {
        return Math.abs(testFlicker - referenceFlicker);
    }

    /// Test over reference; NaN when the reference is flat.
    public double highFrequencyRatio() {
        return referenceHighFrequency == 0 ? Double.NaN : testHighFrequency / referenceHighFrequency;
    }
}
