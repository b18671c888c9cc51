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
            assertThat(actual.flickerDelta())
                    .isCloseTo(
                            Math.abs(expected(file, "reference_flicker") - expected(file, "test_flicker")),
                            within(1e-12));
            assertThat(actual.maintenanceDivergence())
                    .isPositive()
                    .isCloseTo(expected(file, "maintenance_divergence"), within(1e-12));
            assertThat(actual.highFrequencyRatio())
                    .isCloseTo(
                            expected(file, "test_high_frequency") / expected(file, "reference_high_frequency"),
                            within(1e-9));
            assertThat(actual.labDistance()).isCloseTo(expected(file, "lab_distance"), within(1e-9));
            assertThat(actual.gradientDeviation()).isCloseTo(expected(file, "gradient_deviation"), within(1e-12));
            assertThat(actual.colourDistance()).isCloseTo(expected(file, "colour_distance"), within(1e-12));
            assertThat(actual.psnr().perFrame()).hasSize(5);
            assertThat(actual.ssim().perFrame()).hasSize(5);
        }
    }

    @Test
    void everyFigureOfAClipByItselfEqualsTheIndependentReference() {
        try (SafetensorsFile file = GoldenResource.open("video_metrics.safetensors")) {
            for (String name : new String[] {"reference", "test"}) {
                ClipFigures actual = ClipFigures.of(new Frames(file.tensor(name)));
                assertThat(actual.flicker()).isCloseTo(expected(file, name + "_flicker"), within(1e-12));
                assertThat(actual.highFrequency()).isCloseTo(expected(file, name + "_high_frequency"), within(1e-9));
                assertThat(actual.consistency().first()).isCloseTo(expected(file, name + "_first"), within(1e-12));
                assertThat(actual.consistency().adjacent())
                        .isCloseTo(expected(file, name + "_adjacent"), within(1e-12));
                assertThat(actual.motion().meanLength()).isCloseTo(expected(file, name + "_motion"), within(1e-12));
                assertThat(actual.motion().warpingError()).isCloseTo(expected(file, name + "_warping"), within(1e-12));
                assertThat(actual.spectrumSlope()).isCloseTo(expected(file, name + "_slope"), within(1e-9));
                assertThat(actual.notFinite()).isZero();
            }
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
        assertThat(same.labDistance()).isZero();
        assertThat(same.consistencyDelta()).isZero();
        assertThat(same.flowDelta()).isZero();
        assertThat(same.warpingRatio()).isEqualTo(1);
        assertThat(same.spectrumSlopeDelta()).isZero();
    }

    @Test
    void aConstantErrorCountsInPsnrButNotInMotion() {
        Frames dark = flat(4, 0.25f);
        Frames bright = flat(4, 0.35f);
        VideoComparison shifted = VideoComparison.of(dark, bright);
        assertThat(shifted.psnr().ofFrames()).isCloseTo(20, within(1e-4));
        assertThat(shifted.frameDifferencePsnr()).isEqualTo(100);
        assertThat(shifted.test().flicker()).isEqualTo(1);
        assertThat(shifted.test().consistency()).isEqualTo(new FrameConsistency(1, 1));
        assertThat(shifted.test().motion()).isEqualTo(new BlockMotion(0, 0));
        assertThat(shifted.flowDelta()).isNaN();
        assertThat(shifted.warpingRatio()).isNaN();
        assertThat(shifted.highFrequencyRatio()).isNaN();
        assertThat(shifted.spectrumSlopeDelta()).isNaN();
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

    /// A texture that moves, from beyond the edges.
    private static Frames moving(int count, int down, int across) {
        int size = 40;
        Random random = new Random(9);
        float[] texture = new float[128 * 128];
        for (int i = 0; i < texture.length; i++) {
            texture[i] = random.nextInt(256) / 255f;
        }
        float[] values = new float[count * size * size * 3];
        for (int i = 0; i < values.length; i++) {
            int frame = i / (size * size * 3);
            int y = i / (size * 3) % size + 40 - frame * down;
            int x = i / 3 % size + 40 - frame * across;
            values[i] = texture[y * 128 + x];
        }
        return new Frames(Tensor.of(Shape.of(count, size, size, 3), values));
    }

    @Test
    void blocksFindWhereAMovingPictureCameFrom() {
        BlockMotion still = BlockMotion.of(moving(3, 0, 0));
        assertThat(still).isEqualTo(new BlockMotion(0, 0));
        // Blocks at the upper and left edge (9 of 25) came from outside, the others are found 5 pixels away.
        BlockMotion moving = BlockMotion.of(moving(3, 4, 3));
        assertThat(moving.warpingError())
                .isPositive()
                .isLessThan(0.45 * BlockMotion.of(moving(3, 12, 0)).warpingError());
        assertThat(moving.meanLength()).isBetween(16 * 5 / 25.0, (16 * 5 + 9 * 9.9) / 25);
    }

    @Test
    void theSpectrumOfNoiseIsFlatAndOfPicturesFalls() {
        assertThat(SpectrumSlope.of(noise(8, 64, 5))).isBetween(-0.15, 0.15);
        float[] values = new float[64 * 64 * 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = i / 3 % 64 < 30 ? 0.2f : 0.8f;
        }
        // An edge along one axis has power over frequency squared, and rings are as long as their radius.
        assertThat(SpectrumSlope.of(new Frames(Tensor.of(Shape.of(1, 64, 64, 3), values))))
                .isLessThan(-1.5);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SpectrumSlope.of(noise(1, 7, 1)))
                .withMessageContaining("at least 8 x 8");
    }

    @Test
    void noiseThatIsTheSameInEveryFrameIsConsistentAndValuesThatAreNoneAreCounted() {
        Tensor data = noise(1, 32, 6).rgb();
        float[] twice = new float[2 * (int) data.elements()];
        for (int i = 0; i < twice.length; i++) {
            twice[i] = data.toFloatArray()[i % (int) data.elements()];
        }
        Frames clip = new Frames(Tensor.of(Shape.of(2, 32, 32, 3), twice));
        assertThat(FrameConsistency.of(clip).mean()).isCloseTo(1, within(1e-12));
        twice[7] = Float.NaN;
        twice[9] = Float.NEGATIVE_INFINITY;
        assertThat(ClipFigures.of(new Frames(Tensor.of(Shape.of(2, 32, 32, 3), twice)))
                        .notFinite())
                .isEqualTo(2);
    }

    @Test
    void fiveScalesOfALargePictureAreThoseOfTheIndependentReference() {
        int height = 181;
        int width = 197;
        float[] a = new float[height * width * 3];
        float[] b = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            int y = i / (width * 3);
            int x = i / 3 % width;
            int c = i % 3;
            double value = 0.5 + 0.3 * Math.sin(0.31 * x + c) * Math.cos(0.23 * y) + 0.15 * Math.sin(1.9 * x + 1.3 * y);
            a[i] = (float) value;
            b[i] = (float) (value + 0.1 * Math.sin(2.7 * x - 0.9 * y + c) + 0.05 * Math.cos(0.05 * y));
        }
        Frames reference = new Frames(Tensor.of(Shape.of(1, height, width, 3), a));
        Frames test = new Frames(Tensor.of(Shape.of(1, height, width, 3), b));
        try (SafetensorsFile file = GoldenResource.open("video_metrics.safetensors")) {
            assertThat(MultiScaleSsim.of(reference, test))
                    .isBetween(0.1, 0.99)
                    .isCloseTo(expected(file, "ms_ssim"), within(1e-9));
        }
        assertThat(MultiScaleSsim.of(reference, reference)).isCloseTo(1, within(1e-12));
        assertThat(MultiScaleSsim.of(noise(1, 175, 1), noise(1, 175, 2))).isNaN();
    }

    @Test
    void blackAndWhiteAreAHundredApartInLightness() {
        assertThat(LabDistance.of(flat(2, 0), flat(2, 1))).isCloseTo(100, within(1e-3));
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
