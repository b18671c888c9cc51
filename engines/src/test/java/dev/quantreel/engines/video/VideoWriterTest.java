package dev.quantreel.engines.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class VideoWriterTest {

    private static final Frames DISC = Clips.movingDisc(9, 64, 64);
    private static final Map<String, String> WORKFLOW = workflow();

    private final Path folder;

    VideoWriterTest(@TempDir Path folder) {
        this.folder = folder;
    }

    private static Map<String, String> workflow() {
        Map<String, String> texts = new LinkedHashMap<>();
        texts.put("prompt", "{\"1\":{\"class_type\":\"SaveVideo\",\"inputs\":{\"text\":\"δ-GBS = ü\\n\"}}}");
        texts.put("workflow", "{\"nodes\":[" + "{\"id\":1,\"type\":\"LoadDiT\"},".repeat(400) + "{}]}");
        return texts;
    }

    private static VideoOptions options(VideoFormat format, int scale) {
        return new VideoOptions(format, 8, VideoOptions.DEFAULT_QUALITY, scale, WORKFLOW);
    }

    private Path write(Frames frames, VideoOptions options) throws IOException {
        Path file = folder.resolve("clip." + options.format().extension());
        new VideoWriter().write(frames, file, options, CancellationToken.NONE);
        return file;
    }

    @ParameterizedTest(name = "{0} x{1}")
    @CsvSource({"MP4, 1, 31", "MP4, 4, 36", "WEBM, 1, 32", "WEBM, 4, 36", "GIF, 2, 28"})
    void whatWasWrittenReadsBackWithAllFramesItsRateAndLittleLoss(VideoFormat format, int scale, double psnr)
            throws IOException {
        VideoReader.Clip clip = new VideoReader().read(write(DISC, options(format, scale)));

        assertThat(clip.frames().count()).isEqualTo(9);
        assertThat(clip.frames().width()).isEqualTo(64 * scale);
        assertThat(clip.framesPerSecond()).isCloseTo(8, within(format == VideoFormat.GIF ? 0.5 : 0.01));
        double measured = Clips.psnr(Clips.enlarged(DISC, scale), clip.frames());
        System.out.printf("%s x%d: %.1f dB%n", format, scale, measured);
        assertThat(measured).isGreaterThan(psnr);
    }

    @ParameterizedTest
    @EnumSource(VideoFormat.class)
    void embeddedTextsReadBackExactly(VideoFormat format) throws IOException {
        assertThat(VideoMetadata.read(write(DISC, options(format, 1)))).containsAllEntriesOf(WORKFLOW);
    }

    @ParameterizedTest
    @EnumSource(VideoFormat.class)
    void aFileWithoutTextsIsStillReadable(VideoFormat format) throws IOException {
        Path file = write(DISC, new VideoOptions(format, 24, 50, 1, Map.of()));

        assertThat(VideoMetadata.read(file)).doesNotContainKeys("prompt", "workflow");
        assertThat(file).isNotEmptyFile();
    }

    @ParameterizedTest
    @EnumSource(
            value = VideoFormat.class,
            names = {"MP4", "WEBM"})
    void textsStandInFrontOfThePictures(VideoFormat format) throws IOException {
        Frames noise = noise(8, 256);
        Path file = write(noise, new VideoOptions(format, 8, 100, 2, WORKFLOW));
        byte[] bytes = Files.readAllBytes(file);
        String latin = new String(bytes, StandardCharsets.ISO_8859_1);

        assertThat(bytes.length).isGreaterThan(500_000);
        assertThat(latin.indexOf("LoadDiT")).isBetween(0, 20_000);
    }

    private static Frames noise(int count, int side) {
        byte[] rgb = new byte[count * side * side * 3];
        new Random(1).nextBytes(rgb);
        return Frames.ofBytes(count, side, side, rgb);
    }

    @Test
    void animatedWebpHoldsEachFrameAndAnnouncesItsMetadata() throws IOException {
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(write(DISC, options(VideoFormat.WEBP, 4))))
                .order(ByteOrder.LITTLE_ENDIAN);

        assertThat(file.getInt(4)).isEqualTo(file.limit() - 8);
        assertThat(file.get(20) & 0x0A).as("animation and EXIF flags").isEqualTo(0x0A);
        assertThat(chunks(file)).startsWith("VP8X", "ANIM").endsWith("EXIF");
        assertThat(chunks(file).stream().filter("ANMF"::equals)).hasSize(9);
    }

    @Test
    void aStillWebpGetsAnExtendedHeaderWithItsSize() throws IOException {
        ByteBuffer file = ByteBuffer.wrap(
                        Files.readAllBytes(write(Clips.movingDisc(1, 48, 80), options(VideoFormat.WEBP, 1))))
                .order(ByteOrder.LITTLE_ENDIAN);

        assertThat(chunks(file)).startsWith("VP8X").endsWith("EXIF");
        assertThat(file.getInt(4)).isEqualTo(file.limit() - 8);
        assertThat(file.getShort(24) + 1).isEqualTo(80);
        assertThat(file.getShort(27) + 1).isEqualTo(48);
    }

    private static List<String> chunks(ByteBuffer riff) {
        Stream.Builder<String> names = Stream.builder();
        for (int at = 12; at + 8 <= riff.limit(); ) {
            byte[] name = new byte[4];
            riff.get(at, name);
            names.add(new String(name, StandardCharsets.US_ASCII));
            int size = riff.getInt(at + 4);
            at += 8 + size + (size & 1);
        }
        return names.build().toList();
    }

    @Test
    void pngIsExactAndKeepsItsTexts() throws IOException {
        Path file = folder.resolve("frame.png");
        new VideoWriter().writePng(DISC, 3, file, options(VideoFormat.GIF, 2));

        BufferedImage image = ImageIO.read(file.toFile());
        assertThat(image.getWidth()).isEqualTo(128);
        byte[] rgb = DISC.rgb24(3);
        for (int y = 0; y < 64; y++) {
            for (int x = 0; x < 64; x++) {
                int at = (y * 64 + x) * 3;
                int expected = (rgb[at] & 0xFF) << 16 | (rgb[at + 1] & 0xFF) << 8 | (rgb[at + 2] & 0xFF);
                assertThat(image.getRGB(2 * x + 1, 2 * y) & 0xFFFFFF).isEqualTo(expected);
            }
        }
        Map<String, String> texts = VideoMetadata.read(file);
        assertThat(texts.get("workflow")).isEqualTo(WORKFLOW.get("workflow"));
        assertThat(texts.get("prompt")).contains("\\u03b4-GBS = \\u00fc");
    }

    @ParameterizedTest
    @EnumSource(
            value = VideoFormat.class,
            names = {"MP4", "WEBM"})
    void oddSidesArePaddedByOnePixel(VideoFormat format) throws IOException {
        VideoReader.Clip clip = new VideoReader().read(write(Clips.movingDisc(3, 33, 47), options(format, 1)));

        assertThat(List.of(clip.frames().width(), clip.frames().height())).containsExactly(48, 34);
    }

    @ParameterizedTest
    @EnumSource(VideoFormat.class)
    void aFullDiskNamesFileAndReasonAndLeavesNothing(VideoFormat format) throws IOException {
        VideoWriter writer = new VideoWriter(file -> new FullDisk(AtomicFile.FILES.open(file), 1000));
        Path target = folder.resolve("full." + format.extension());

        assertThatExceptionOfType(VideoException.class)
                .isThrownBy(() -> writer.write(DISC, target, options(format, 4), CancellationToken.NONE))
                .withMessageContaining("full." + format.extension())
                .withMessageContaining("No space left on device");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void cancellingLeavesNothing() {
        CancellationToken cancelled = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return true;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };

        assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> new VideoWriter()
                .write(DISC, folder.resolve("a.mp4"), options(VideoFormat.MP4, 1), cancelled));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aFileThatIsNoVideoIsNamed() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.mp4"), "no video at all");

        assertThatExceptionOfType(VideoException.class)
                .isThrownBy(() -> new VideoReader().read(text))
                .withMessageContaining("notes.mp4")
                .withMessageContaining("Invalid data");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> new VideoReader().read(folder.resolve("none.mp4")))
                .withMessageContaining("none.mp4");
    }

    @Test
    void optionsOutsideTheirRangesAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new VideoOptions(VideoFormat.MP4, 0, 90, 1, Map.of()))
                .withMessageContaining("frames per second is 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new VideoOptions(VideoFormat.MP4, 8, 101, 1, Map.of()))
                .withMessageContaining("quality is 101");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new VideoOptions(VideoFormat.MP4, 8, 90, 0, Map.of()))
                .withMessageContaining("scale is 0");
    }

    /// A channel on a disk that fills up after some bytes.
    private static final class FullDisk implements SeekableByteChannel {
        private final SeekableByteChannel inner;
        private final long capacityBytes;

        FullDisk(SeekableByteChannel inner, long capacityBytes) {
            this.inner = inner;
            this.capacityBytes = capacityBytes;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            if (inner.position() + source.remaining() > capacityBytes) {
                throw new IOException("No space left on device");
            }
            return inner.write(source);
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            return inner.read(target);
        }

        @Override
        public long position() throws IOException {
            return inner.position();
        }

        @Override
        public SeekableByteChannel position(long newPosition) throws IOException {
            inner.position(newPosition);
            return this;
        }

        @Override
        public long size() throws IOException {
            return inner.size();
        }

        @Override
        public SeekableByteChannel truncate(long size) throws IOException {
            inner.truncate(size);
            return this;
        }

        @Override
        public boolean isOpen() {
            return inner.isOpen();
        }

        @Override
        public void close() throws IOException {
            inner.close();
        }
    }
}
