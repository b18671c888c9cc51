package dev.quantreel.nodes.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.Pictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareVideosTest {

    private final TestContext context;

    CompareVideosTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    /// A grey ramp, brightened by `offset` of 255 in its right half.
    private static Pictures ramp(int count, int side, int offset) {
        byte[] rgb = new byte[count * side * side * 3];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % side;
            rgb[i] = (byte) (x + i / (side * side * 3) * 5 + (x >= side / 2 ? offset : 0));
        }
        return new Pictures(Frames.ofBytes(count, side, side, rgb));
    }

    private CompareVideos.Outputs compare(Pictures reference, Pictures candidate) throws Exception {
        return new CompareVideos()
                .run(
                        new CompareVideos.Inputs(
                                reference, candidate, "full precision", "W4A4", 4, "c/cmp", Optional.empty()),
                        context);
    }

    @Test
    void figuresAreThoseOfTheDefinition() throws Exception {
        CompareVideos.Outputs out = compare(ramp(3, 64, 0), ramp(3, 64, 51));

        // Half of the pixels differ by 0.2: MSE 0.02.
        assertThat(out.psnr()).isCloseTo(-10 * Math.log10(0.02), within(1e-4));
        assertThat(out.ssim()).isBetween(0.3, 0.99);
        JsonNode json = new ObjectMapper()
                .readTree(
                        context.folders().output().resolve("c/cmp_00001_.json").toFile());
        assertThat(json.path("psnrPerFrameDb")).hasSize(3);
        assertThat(json.path("frameDifferencePsnrDb").asDouble()).isEqualTo(100);
        assertThat(out.report()).contains("PSNR, whole clip", "16.99", "SSIM", "TMD", "flicker", "ΔE", "warping");
        assertThat(json.path("candidate").asText()).isEqualTo("W4A4");
        assertThat(json.path("notFiniteCandidate").asInt(-1)).isZero();
        assertThat(json.path("labDistance").asDouble()).isPositive();
        assertThat(json.path("motionPixelsReference").asDouble()).isBetween(1.0, 9.9);
        assertThat(json.path("flowDelta").asDouble()).isBetween(0.0, 0.5);
        assertThat(context.shown()).anyMatch(UiItem.Text.class::isInstance);
    }

    @Test
    void equalClipsAreEqual() throws Exception {
        CompareVideos.Outputs out = compare(ramp(2, 32, 0), ramp(2, 32, 0));

        assertThat(out.psnr()).isEqualTo(100);
        assertThat(out.ssim()).isCloseTo(1, within(1e-12));
        byte[] heat = out.difference().frames().rgb24(1);
        assertThat(heat[0] & 0xFF).isZero();
        assertThat(heat[2] & 0xFF).isEqualTo(4);
    }

    @Test
    void theHeatMapIsBrightWhereClipsDifferAndDarkElsewhere() throws Exception {
        byte[] heat =
                compare(ramp(1, 32, 0), ramp(1, 32, 64)).difference().frames().rgb24(0);

        assertThat(heat[(5 * 32 + 3) * 3] & 0xFF).isZero();
        assertThat(heat[(5 * 32 + 20) * 3] & 0xFF).isGreaterThan(240);
    }

    @Test
    void clipsLieSideBySideWithCaptionsAndEvenSides() throws Exception {
        Frames row = compare(ramp(2, 64, 0), ramp(2, 64, 60)).sideBySide().frames();

        assertThat(List.of(row.count(), row.width() % 2, row.height() % 2)).containsExactly(2, 0, 0);
        assertThat(row.width()).isGreaterThan(3 * 256);
        Path folder = Files.createDirectories(Path.of("target/plots"));
        ImageIO.write(
                ClipPainter.image(row, 1, 1), "png", folder.resolve("row.png").toFile());
        int dark = 0;
        byte[] rgb = row.rgb24(0);
        for (int i = 0; i < 22 * row.width() * 3; i += 3) {
            dark += (rgb[i] & 0xFF) < 100 ? 1 : 0;
        }
        assertThat(dark).as("pixels of the captions").isGreaterThan(200);
    }

    @Test
    void clipsOfDifferentSizeNameBothSizes() {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> compare(ramp(3, 64, 0), ramp(2, 32, 0)))
                .withMessageContaining("2 frames of 32 x 32 pixels")
                .withMessageContaining("3 frames of 64 x 64 pixels")
                .satisfies(e -> assertThat(e.port()).isEqualTo("candidate"));
    }

    @Test
    void heatColoursGrowLighterMonotonously() {
        double before = -1;
        for (int i = 0; i <= 100; i++) {
            int rgb = HeatColours.rgb(i / 100.0);
            double lightness = 0.2126 * (rgb >> 16) + 0.7152 * (rgb >> 8 & 0xFF) + 0.0722 * (rgb & 0xFF);
            assertThat(lightness).isGreaterThan(before);
            before = lightness;
        }
    }
}
