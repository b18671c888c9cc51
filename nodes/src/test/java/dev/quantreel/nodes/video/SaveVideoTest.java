package dev.quantreel.nodes.video;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.video.Frames;
import dev.quantreel.engines.video.VideoMetadata;
import dev.quantreel.engines.video.VideoReader;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.spi.WorkflowMetadata;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.Pictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SaveVideoTest {

    private static final WorkflowMetadata WORKFLOW =
            new WorkflowMetadata(Optional.of("{\"1\":{}}"), Optional.of("{\"nodes\":[]}"));

    private final TestContext context;

    SaveVideoTest(@TempDir Path root) {
        this.context = TestContext.in(root).running(WORKFLOW);
    }

    static Pictures clip(int count, int side) {
        byte[] rgb = new byte[count * side * side * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (i / (side * 3) * 3 + i / 900);
        }
        return new Pictures(Frames.ofBytes(count, side, side, rgb));
    }

    @ParameterizedTest
    @CsvSource({
        "MP4, clip_00001_.mp4, VIDEO, video/mp4",
        "WEBM, clip_00001_.webm, VIDEO, video/webm",
        "WEBP, clip_00001_.webp, IMAGES, image/webp",
        "GIF, clip_00001_.gif, IMAGES, image/gif"
    })
    void theFileIsNamedShownAndCarriesTheWorkflow(FileKind kind, String name, UiItem.Kind shown, String mediaType)
            throws Exception {
        SaveVideo.Outputs out =
                new SaveVideo().run(new SaveVideo.Inputs(clip(5, 32), "v/clip", kind, 8, 90, 0), context);

        Path file = context.folders().output().resolve("v").resolve(name);
        assertThat(out.video().files()).containsExactly(file);
        assertThat(context.shown())
                .containsExactly(new UiItem.FileItem(shown, name, "v", UiItem.Root.OUTPUT, mediaType));
        assertThat(VideoMetadata.read(file))
                .containsEntry("prompt", "{\"1\":{}}")
                .containsEntry("workflow", "{\"nodes\":[]}");
    }

    @Test
    void savingAgainTakesTheNextNumber() throws Exception {
        SaveVideo.Inputs inputs = new SaveVideo.Inputs(clip(3, 32), "clip", FileKind.MP4, 8, 90, 0);
        new SaveVideo().run(inputs, context);
        new SaveVideo().run(inputs, context);

        assertThat(context.folders().output()).isDirectoryContaining("glob:**/clip_00002_.mp4");
    }

    @Test
    void pngFramesAreNumberedAndEachCarriesTheWorkflow() throws Exception {
        SaveVideo.Outputs out =
                new SaveVideo().run(new SaveVideo.Inputs(clip(3, 32), "clip", FileKind.PNG, 8, 90, 2), context);

        assertThat(out.video().files())
                .extracting(file -> file.getFileName().toString())
                .containsExactly("clip_00001_.png", "clip_00002_.png", "clip_00003_.png");
        assertThat(VideoMetadata.read(out.video().files().get(2))).containsKey("workflow");
        assertThat(context.shown()).hasSize(3);
    }

    @ParameterizedTest
    @CsvSource({"32, 0, 128", "200, 0, 200", "32, 1, 32", "32, 3, 96"})
    void smallClipsAreEnlargedUnlessAskedOtherwise(int side, int scale, int expected) throws Exception {
        SaveVideo.Outputs out =
                new SaveVideo().run(new SaveVideo.Inputs(clip(2, side), "clip", FileKind.MP4, 8, 90, scale), context);

        Frames read = new VideoReader().read(out.video().files().getFirst()).frames();
        assertThat(List.of(read.count(), read.width(), read.height())).containsExactly(2, expected, expected);
    }

    @Test
    void aPreviewLiesInTheTempFolder() throws Exception {
        PreviewVideo.Outputs out = new PreviewVideo().run(new PreviewVideo.Inputs(clip(2, 32), 8), context);

        assertThat(out.video().files().getFirst()).startsWith(context.folders().temp());
        assertThat(context.shown())
                .containsExactly(new UiItem.FileItem(
                        UiItem.Kind.VIDEO, "preview_00001_.mp4", "", UiItem.Root.TEMP, "video/mp4"));
        assertThat(Files.exists(context.folders().output())).isFalse();
    }
}
