package dev.quantreel.nodes.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.Pictures;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparisonSheetTest {

    private static final int SIDE = 512;

    @TempDir
    @SuppressWarnings("NullAway") // JUnit fills it
    private Path root;

    /// A clip of one colour that brightens by 10 in each frame.
    private static Pictures clip(int frames, int grey) {
        byte[] rgb = new byte[frames * SIDE * SIDE * 3];
        for (int t = 0; t < frames; t++) {
            Arrays.fill(rgb, t * SIDE * SIDE * 3, (t + 1) * SIDE * SIDE * 3, (byte) (grey + 10 * t));
        }
        return new Pictures(Frames.ofBytes(frames, SIDE, SIDE, rgb));
    }

    private ComparisonSheet.Outputs sheet(Pictures third, int columns) {
        return new ComparisonSheet()
                .run(
                        new ComparisonSheet.Inputs(
                                clip(3, 20),
                                clip(3, 80),
                                Optional.of(third),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                "one\ntwo",
                                columns),
                        TestContext.in(root));
    }

    private static int grey(Frames frames, int t, double x, double y) {
        int column = (int) (x * frames.width());
        int row = (int) (y * frames.height());
        return frames.rgb24(t)[(row * frames.width() + column) * 3] & 0xFF;
    }

    @Test
    void clipsPlayInStepInRowsAndColumns() {
        ComparisonSheet.Outputs out = sheet(clip(3, 140), 2);
        Frames sheet = out.sheet().frames();

        assertThat(sheet.count()).isEqualTo(3);
        for (int t = 0; t < 3; t++) {
            assertThat(grey(sheet, t, 0.25, 0.25)).isEqualTo(20 + 10 * t);
            assertThat(grey(sheet, t, 0.75, 0.25)).isEqualTo(80 + 10 * t);
            assertThat(grey(sheet, t, 0.25, 0.75)).isEqualTo(140 + 10 * t);
            assertThat(grey(sheet, t, 0.75, 0.75)).as("empty place").isEqualTo(255);
        }
        assertThat(out.middle().frames().count()).isEqualTo(1);
        assertThat(grey(out.middle().frames(), 0, 0.25, 0.25)).isEqualTo(30);
    }

    @Test
    void oneRowIsAsWideAsItsClips() {
        Frames sheet = sheet(clip(3, 140), 8).sheet().frames();

        assertThat(sheet.width()).isGreaterThan(3 * SIDE);
        assertThat(sheet.height()).isLessThan(2 * SIDE);
    }

    @Test
    void aClipOfAnotherLengthIsRefusedByItsPort() {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> sheet(clip(2, 140), 2))
                .withMessageContaining("2 frames of 512 x 512 pixels; accepted is the size of the first clip, 3 frames")
                .satisfies(e -> assertThat(e.port()).isEqualTo("clip3"));
    }
}
