package dev.quantreel.engines.metrics;

import dev.quantreel.engines.video.Frames;
import java.util.List;
import java.util.stream.IntStream;

/// Peak signal-to-noise ratio in decibels, in the two definitions that papers mix up, on frames in [0, 1].
///
/// @param ofFrames mean of the frames' values, as TeaCache reports it
/// @param ofClip from one mean square over the whole clip, as EasyCache reports it
/// @param perFrame value of each frame
public record Psnr(double ofFrames, double ofClip, List<Double> perFrame) {

    /// What equal pictures get, and the most that any get.
    public static final double CEILING = 100;

    private static final double LEAST_MEAN_SQUARE = 1e-10;

    public Psnr {
        perFrame = List.copyOf(perFrame);
    }

    /// @throws IllegalArgumentException when the clips differ in shape
    public static Psnr of(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        List<Double> meanSquares = IntStream.range(0, reference.count())
                .mapToObj(i ->
                        ComparedClips.meanSquare(ComparedClips.pixels(reference, i), ComparedClips.pixels(test, i)))
                .toList();
        List<Double> perFrame = meanSquares.stream().map(Psnr::decibels).toList();
        return new Psnr(mean(perFrame), decibels(mean(meanSquares)), perFrame);
    }

    /// PSNR of the differences of neighbouring frames, mean over the pairs: errors that flicker count double, errors
    /// that stand still not at all. The ceiling when there is one frame.
    public static double ofFrameDifferences(Frames reference, Frames test) {
        ComparedClips.requireEqualShape(reference, test);
        return IntStream.range(1, reference.count())
                .mapToDouble(i -> decibels(ComparedClips.meanSquare(difference(reference, i), difference(test, i))))
                .average()
                .orElse(CEILING);
    }

    /// 20 · log10(1 / √meanSquare), at most [#CEILING].
    static double decibels(double meanSquare) {
        return meanSquare < LEAST_MEAN_SQUARE ? CEILING : -10 * Math.log10(meanSquare);
    }

    private static double[] difference(Frames frames, int index) {
        double[] later = ComparedClips.pixels(frames, index);
        double[] earlier = ComparedClips.pixels(frames, index - 1);
        for (int i = 0; i < later.length; i++) {
            later[i] -= earlier[i];
        }
        return later;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
