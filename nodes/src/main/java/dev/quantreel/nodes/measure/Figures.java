package dev.quantreel.nodes.measure;

import dev.quantreel.engines.vbench.VBenchDimension;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// What a generation came to, against full precision from the same prompt and noise. Figures of pictures are NaN
/// where no decoder was at hand.
///
/// @param errors of velocities and latents
/// @param latents what they are like beside full precision's
/// @param clip figures of the decoded clip
/// @param cost in bits, bytes and seconds
public record Figures(Errors errors, Latents latents, Clip clip, Cost cost) {

    /// @param teacherForced per step, relative L2 error of the velocity of one conditional pass at full precision's
    /// latent
    /// @param teacherForcedL1 the same, relative L1
    /// @param teacherForcedCosine the same, cosine of both velocities
    /// @param freeRunning per step, relative L2 distance of the latents after it
    public record Errors(
            List<Double> teacherForced,
            List<Double> teacherForcedL1,
            List<Double> teacherForcedCosine,
            List<Double> freeRunning) {

        /// Nothing was generated.
        public static final Errors NONE = new Errors(List.of(), List.of(), List.of(), List.of());

        public Errors {
            teacherForced = List.copyOf(teacherForced);
            teacherForcedL1 = List.copyOf(teacherForcedL1);
            teacherForcedCosine = List.copyOf(teacherForcedCosine);
            freeRunning = List.copyOf(freeRunning);
        }

        /// Mean over the steps: what methods are ranked by.
        public double meanTeacherForced() {
            return mean(teacherForced);
        }

        /// Mean over the steps.
        public double meanTeacherForcedL1() {
            return mean(teacherForcedL1);
        }

        /// Mean over the steps.
        public double meanTeacherForcedCosine() {
            return mean(teacherForcedCosine);
        }

        private static double mean(List<Double> values) {
            return values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
        }

        /// Relative L2 distance of the final latents.
        public double finalLatent() {
            return last(freeRunning);
        }
    }

    /// Latents after every step, running freely.
    ///
    /// @param meanShift mean − full precision's, over full precision's standard deviation
    /// @param stdRatio standard deviation over full precision's; far from 1 the generation has collapsed
    /// @param notFinite values of the final latent that are NaN or infinite
    public record Latents(List<Double> meanShift, List<Double> stdRatio, long notFinite) {

        /// Nothing was generated.
        public static final Latents NONE = new Latents(List.of(), List.of(), 0);

        public Latents {
            meanShift = List.copyOf(meanShift);
            stdRatio = List.copyOf(stdRatio);
        }

        /// Of the final latent.
        public double finalStdRatio() {
            return last(stdRatio);
        }
    }

    private static double last(List<Double> values) {
        return values.isEmpty() ? Double.NaN : values.getLast();
    }

    /// @param fidelity picture by picture
    /// @param time how the clip moves
    /// @param collapse signs of noise and of colours gone
    /// @param vbench scores in those of VBench's learned dimensions whose networks were there, 0 to 1
    public record Clip(Fidelity fidelity, Time time, Collapse collapse, Map<VBenchDimension, Double> vbench) {

        /// Nothing was decoded.
        public static final Clip NONE = new Clip(
                new Fidelity(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN),
                new Time(Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN),
                new Collapse(Double.NaN, Double.NaN, Double.NaN, 0),
                Map.of());

        public Clip {
            vbench = vbench.isEmpty() ? Map.of() : Map.copyOf(new EnumMap<>(vbench));
        }
    }

    /// @param psnr dB, mean over frames (TeaCache's)
    /// @param psnrOfClip dB, of one mean square over the whole clip (EasyCache's)
    /// @param ssim mean over frames
    /// @param multiScaleSsim mean over frames; NaN below 176 x 176 pixels
    /// @param gradientDeviation GMSD
    /// @param labDistance mean ΔE in CIELAB
    /// @param featureDistance by the features of the VAE's encoder; NaN where it has none
    public record Fidelity(
            double psnr,
            double psnrOfClip,
            double ssim,
            double multiScaleSsim,
            double gradientDeviation,
            double labDistance,
            double featureDistance) {}

    /// @param frameDifferencePsnr dB
    /// @param flickerDelta difference of VBench's flicker scores
    /// @param temporalDivergence TMD-KL of the frames
    /// @param consistencyDelta difference of the mean cosines of frames shrunk 8 times
    /// @param flowDelta difference of the mean lengths of motion by block matching, over the reference's; NaN where
    /// it stands still
    /// @param warpingRatio error that block matching leaves, over the reference's
    public record Time(
            double frameDifferencePsnr,
            double flickerDelta,
            double temporalDivergence,
            double consistencyDelta,
            double flowDelta,
            double warpingRatio) {}

    /// @param highFrequencyRatio high-frequency energy over the reference's; much above 1 is noise
    /// @param spectrumSlopeDelta slope of the spectrum − the reference's; much above 0 is noise
    /// @param colourDistance of the colour histograms, 0 to 1
    /// @param notFinite values of the pictures that are NaN or infinite
    public record Collapse(
            double highFrequencyRatio, double spectrumSlopeDelta, double colourDistance, long notFinite) {}

    /// @param activationBits mean over the computed steps; 16 where activations are not quantized
    /// @param weightBits effective bits per weight, everything counted
    /// @param weightBytes of the transformer with scales, kept layers and branches
    /// @param secondsPerStep mean without the first step, which warms up
    /// @param passes through the blocks, both branches counted
    public record Cost(
            double activationBits, double weightBits, long weightBytes, double secondsPerStep, long passes) {}
}
