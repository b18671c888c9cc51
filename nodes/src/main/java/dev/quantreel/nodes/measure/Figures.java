package dev.quantreel.nodes.measure;

import java.util.List;

/// What a generation came to, against full precision from the same prompt and noise. Figures of pictures are NaN where
/// no decoder was at hand.
///
/// @param errors of velocities and latents
/// @param clip figures of the decoded clip
/// @param cost in bits, bytes and seconds
public record Figures(Errors errors, Clip clip, Cost cost) {

    /// @param teacherForced per step, relative L2 error of the velocity of one conditional pass at full precision's
    /// latent
    /// @param freeRunning per step, relative L2 distance of the latents after it
    public record Errors(List<Double> teacherForced, List<Double> freeRunning) {
        public Errors {
            teacherForced = List.copyOf(teacherForced);
            freeRunning = List.copyOf(freeRunning);
        }

        /// Mean over the steps: what methods are ranked by.
        public double meanTeacherForced() {
            return teacherForced.stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElse(Double.NaN);
        }

        /// Relative L2 distance of the final latents.
        public double finalLatent() {
            return freeRunning.isEmpty() ? Double.NaN : freeRunning.getLast();
        }
    }

    /// @param psnr dB, mean over frames
    /// @param ssim mean over frames
    /// @param frameDifferencePsnr dB
    /// @param flickerDelta difference of VBench's flicker scores
    /// @param temporalDivergence TMD-KL of the frames
    /// @param highFrequencyRatio high-frequency energy over the reference's; much above 1 is noise
    /// @param gradientDeviation GMSD
    /// @param colourDistance of the colour histograms, 0 to 1
    public record Clip(
            double psnr,
            double ssim,
            double frameDifferencePsnr,
            double flickerDelta,
            double temporalDivergence,
            double highFrequencyRatio,
            double gradientDeviation,
            double colourDistance) {

        /// Nothing was decoded.
        public static final Clip NONE = new Clip(
                Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
    }

    /// @param activationBits mean over the computed steps; 16 where activations are not quantized
    /// @param weightBits effective bits per weight, everything counted
    /// @param weightBytes of the transformer with scales, kept layers and branches
    /// @param secondsPerStep mean without the first step, which warms up
    /// @param passes through the blocks, both branches counted
    public record Cost(
            double activationBits, double weightBits, long weightBytes, double secondsPerStep, long passes) {}
}
