package dev.quantreel.engines.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.GoldenResource;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VideoComparisonTest {

    @Test
    void everyFigureEqualsTheIndependentReference() {
        try (SafetensorsFile file = GoldenResource.open("video_metrics.safetensors")) {
            VideoComparison actual =
                    VideoComparison.of(new Frames(file.tensor("reference")), new Frames(file.tensor("test")));
            assertThat(actual.psnr().ofFrames()).isCloseTo(expected(file, "psnr_of_frames"), within(1e-9));
            assertThat(actual.psnr().ofClip()).isCloseTo(expected(file, "psnr_of_clip"), within(1e-9));
            assertThat(actual.ssim().mean()).isCloseTo(expected(file, "ssim"), within(1e-9));
            assertThat(actual.frameDifferencePsnr()).isCloseTo(expected(file, "frame_difference_psnr"), within(1e-9));
            assertThat(actual.referenceFlicker()).isCloseTo(expected(file, "reference_flicker"), within(1e-12));
            assertThat(actual.testFlicker()).isCloseTo(expected(file, "test_flicker"), within(1e-12));
            assertThat(actual.flickerDelta())
                    .isCloseTo(
                            Math.abs(expected(file, "reference_flicker") - expected(file, "test_flicker")),
                            within(1e-12));
            assertThat(actual.maintenanceDivergence())
                    .isPositive()
                    .isCloseTo(expected(file, "maintenance_divergence"), within(1e-12));
            assertThat(actual.referenceHighFrequency())
                    .isCloseTo(expected(file, "reference_high_frequency"), within(1e-9));
            assertThat(actual.testHighFrequency()).isCloseTo(expected(file, "test_high_frequency"), within(1e-9));
            assertThat(actual.highFrequencyRatio())
                    .isCloseTo(actual.testHighFrequency() / actual.referenceHighFrequency(), within(1e-12));
            assertThat(actual.gradientDeviation()).isCloseTo(expected(file, "gradient_deviation"), within(1e-12));
            assertThat(actual.colourDistance()).isCloseTo(expected(file, "colour_distance"), within(1e-12));
            assertThat(actual.psnr().perFrame()).hasSize(5);
            assertThat(actual.ssim().perFrame()).hasSize(5);
        }
    }

    @Test
    void equalClipsScorePerfectly() {
        Frames clip = noise(3, 16, 1);
        VideoComparison same = VideoComparison.of(clip, clip);
        assertThat(same.psnr().ofFrames()).isEqualTo(100);
        assertThat(same.psnr().ofClip()).isEqualTo(100);
        assertThat(same.ssim().mean()).isCloseTo(1, within(1e-12));
        assertThat(same.frameDifferencePsnr()).isEqualTo(100);
        assertThat(same.flickerDelta()).isZero();
        assertThat(same.maintenanceDivergence()).isCloseTo(0, within(1e-12));
        assertThat(same.highFrequencyRatio()).isEqualTo(1);
        assertThat(same.gradientDeviation()).isCloseTo(0, within(1e-12));
        assertThat(same.colourDistance()).isZero();
    }

    @Test
    void aConstantErrorCountsInPsnrButNotInMotion() {
        Frames dark = flat(4, 0.25f);
        Frames bright = flat(4, 0.35f);
        VideoComparison shifted = VideoComparison.of(dark, bright);
        assertThat(shifted.psnr().ofFrames()).isCloseTo(20, within(1e-4));
        assertThat(shifted.frameDifferencePsnr()).isEqualTo(100);
        assertThat(shifted.testFlicker()).isEqualTo(1);
        assertThat(shifted.highFrequencyRatio()).isNaN();
    }

    @Test
    void gradientsSeeStructureAndColoursSeeCollapse() {
        Frames clip = noise(3, 32, 1);
        assertThat(GradientSimilarity.deviation(clip, noise(3, 32, 2)))
                .isGreaterThan(GradientSimilarity.deviation(flat(3, 0.2f), flat(3, 0.9f)));
        assertThat(ColourDistance.of(flat(3, 0.2f), flat(3, 0.9f))).isCloseTo(1, within(1e-12));
        assertThat(ColourDistance.of(clip, noise(3, 32, 2))).isLessThan(0.2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> GradientSimilarity.deviation(noise(1, 7, 1), noise(1, 7, 1)))
                .withMessageContaining("at least 8 x 8");
    }

    @Test
    void oneBadFrameSeparatesTheTwoDefinitions() {
        Tensor data = flat(4, 0.5f).rgb();
        float[] values = data.toFloatArray();
        for (int i = 0; i < values.length / 4; i++) {
            values[i] = 0.6f;
        }
        Psnr psnr = Psnr.of(flat(4, 0.5f), new Frames(Tensor.of(data.shape(), values)));
        assertThat(psnr.ofFrames()).as("(20 + 3 * 100) / 4").isCloseTo(80, within(1e-4));
        assertThat(psnr.ofClip()).as("0.1 squared over four frames").isCloseTo(20 + 10 * Math.log10(4), within(1e-4));
    }

    @Test
    void whiteNoiseHasTheShareThatTheBlurRemoves() {
        // 1 - 2 * (4 / 16) + (6 / 16)^2
        assertThat(HighFrequency.share(noise(4, 128, 3))).isCloseTo(0.640625, within(0.01));
    }

    @Test
    void flickerIsTheMeanStepOfEightBitFrames() {
        byte[] rgb = new byte[2 * 11 * 11 * 3];
        for (int i = rgb.length / 2; i < rgb.length; i++) {
            rgb[i] = 51;
        }
        assertThat(TemporalMetrics.flickerScore(Frames.ofBytes(2, 11, 11, rgb))).isCloseTo(0.8, within(1e-12));
        assertThat(TemporalMetrics.flickerScore(flat(1, 0.3f))).isEqualTo(1);
    }

    @Test
    void clipsThatCannotBeComparedAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VideoComparison.of(flat(2, 0), flat(3, 0)))
                .withMessageContaining("[2x16x16x3]")
                .withMessageContaining("[3x16x16x3]");
        Frames small = new Frames(Tensor.zeros(DType.F32, Shape.of(1, 10, 16, 3)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> VideoComparison.of(small, small))
                .withMessageContaining("16 x 10");
    }

    private static double expected(SafetensorsFile file, String name) {
        Tensor tensor = file.tensor("expected." + name);
        return tensor.data().get(ValueLayout.JAVA_DOUBLE_UNALIGNED, 0);
    }

    private static Frames flat(int count, float value) {
        float[] values = new float[count * 16 * 16 * 3];
        Arrays.fill(values, value);
        return new Frames(Tensor.of(Shape.of(count, 16, 16, 3), values));
    }

    private static Frames noise(int count, int size, long seed) {
        float[] values = new float[count * size * size * 3];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return new Frames(Tensor.of(Shape.of(count, size, size, 3), values));
    }
}
