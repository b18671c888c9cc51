package dev.quantreel.engines.vae;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.testing.StopInRun;
import dev.quantreel.engines.video.FrameBuffer;
import dev.quantreel.engines.video.FrameSpool;
import dev.quantreel.engines.video.Frames;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TiledDecodingTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final VaeDecoder.Progress SILENT = (done, total) -> {};

    private final Engine engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);

    @AfterEach
    void close() {
        engine.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"wan21_vae_diffusers", "wan22_vae_diffusers"})
    void streamingGivesThePicturesOfTheWholeClip(String golden) {
        Checkpoint checkpoint = VaeFixtures.weights(golden);
        VaeTraits traits = VaeDecoder.traits(checkpoint);
        Tensor latent = latent(traits.latentChannels(), 5, 3, 4);
        Frames streamed;
        try (VaeDecoder decoder = VaeDecoder.open(engine, checkpoint)) {
            streamed = decoder.decode(latent, NONE);
        }
        try (Arena arena = Arena.ofShared()) {
            VaeLayers layers = WanFamilies.layers(checkpoint, arena, "whole");
            WanBlocks blocks = new WanBlocks(layers, CausalTime.wholeClip(layers), WanVaeLayout.of(checkpoint));
            try (Session whole =
                    engine.open(WanDecoderGraph.build(blocks, traits).model())) {
                Tensor frames = VaeFixtures.framesFirst(latent);
                Tensor rgb = whole.run(Map.of("latent", frames), "rgb", NONE);

                assertThat(streamed.count()).isEqualTo(17);
                assertThat(VaeFixtures.worst(streamed, new Frames(rgb))).isLessThan(1e-5f);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"taehv_narrow_dec, 17", "wan21_vae_dec, 17", "sd_vae_diffusers, 5", "ltx_vae_diffusers, 33"})
    void aClipHasThePicturesOfItsGrid(String golden, int pictures) {
        try (VaeDecoder decoder = VaeDecoder.open(engine, VaeFixtures.weights(golden))) {
            VaeTraits traits = decoder.traits();
            Frames frames = decoder.decode(latent(traits.latentChannels(), 5, 2, 3), NONE);

            assertThat(frames.count()).isEqualTo(pictures).isEqualTo(traits.pictures(5));
            assertThat(frames.height()).isEqualTo(2 * traits.pixelsPerCell());
            assertThat(frames.width()).isEqualTo(3 * traits.pixelsPerCell());
        }
    }

    @Test
    void tilesOfAnAttendingDecoderStayNearTheWhole() {
        try (VaeDecoder decoder = VaeDecoder.open(engine, VaeFixtures.weights("wan21_vae_dec"))) {
            Tensor latent = latent(16, 2, 6, 24);
            Frames whole = decoder.decode(latent, NONE);
            FrameBuffer buffer = new FrameBuffer();
            List<Integer> steps = new ArrayList<>();
            decoder.decode(latent, buffer, new DecodeOptions(128, 32), NONE, (done, total) -> {
                steps.add(done);
                assertThat(total).isEqualTo(4);
            });
            Frames tiled = buffer.frames();

            assertThat(steps).containsExactly(1, 2, 3, 4);
            // Attention within a frame makes every pixel depend on its whole tile.
            assertThat(VaeFixtures.meanDifference(whole, tiled)).isLessThan(0.05);
        }
    }

    @Test
    void aConvolutionalDecoderIsEqualAwayFromSeams() {
        try (VaeDecoder decoder = VaeDecoder.open(engine, VaeFixtures.weights("taehv_narrow_dec"))) {
            Tensor latent = latent(16, 3, 4, 64);
            Frames whole = decoder.decode(latent, NONE);
            FrameBuffer buffer = new FrameBuffer();
            decoder.decode(latent, buffer, new DecodeOptions(288, 64), NONE, SILENT);
            Frames tiled = buffer.frames();

            // Tiles are 36 cells from 0 and from 28. What depends on columns left of 24 or right of 40 alone is equal.
            for (int frame = 0; frame < whole.count(); frame++) {
                for (int y = 0; y < whole.height(); y++) {
                    for (int x = 0; x < whole.width(); x++) {
                        boolean nearSeam = x > 8 * 20 && x < 8 * 44;
                        float a = VaeFixtures.pixel(whole, frame, y, x);
                        float b = VaeFixtures.pixel(tiled, frame, y, x);
                        assertThat(b).isCloseTo(a, within(nearSeam ? 0.6f : 1e-5f));
                    }
                }
            }
        }
    }

    @Test
    void sharesOfNeighboursSumToOne() {
        int tile = 20;
        int overlap = 6;
        for (int i = 0; i < overlap; i++) {
            float falling = TileAxis.share(tile - overlap + i, tile, 0, overlap);
            float rising = TileAxis.share(i, tile, overlap, 0);
            assertThat(falling + rising).isCloseTo(1, within(1e-6f));
            assertThat(rising).isCloseTo(i / 6f, within(1e-6f));
        }
        assertThat(TileAxis.share(tile - overlap - 1, tile, overlap, overlap)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"5, 5, 1", "16, 5, 1", "17, 5, 2", "100, 32, 8", "33, 32, 8", "2, 2, 1"})
    void tilesCoverAnAxis(int cells, int tile, int overlap) {
        List<TileAxis.Span> spans = TileAxis.of(cells, tile, overlap).spans();
        float[] sum = new float[cells];
        for (TileAxis.Span span : spans) {
            assertThat(span.length()).isLessThanOrEqualTo(tile);
            for (int i = 0; i < span.length(); i++) {
                sum[span.start() + i] += TileAxis.share(i, span.length(), span.before(), span.after());
            }
        }

        assertThat(farthestFromOne(sum)).isLessThan(1e-5f);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 6, 7, 8, 9, 21, 33})
    void windowsCoverEveryPictureOnceInSum(int latents) {
        VaeTraits.Grid grid = new VaeTraits.Grid(8, 4, true);
        List<TimePlan.Span> spans = new TimePlan.Windows(grid, 5, 3, 4).spans(latents);
        float[] sum = new float[grid.pictures(latents)];
        for (int i = 0; i < spans.size(); i++) {
            TimePlan.Span span = spans.get(i);
            int after = i + 1 < spans.size() ? spans.get(i + 1).blend() : 0;
            assertThat(span.skip() + span.pictures()).isEqualTo(grid.pictures(span.latents()));
            for (int picture = 0; picture < span.pictures(); picture++) {
                sum[span.picture() + picture] += TileAxis.share(picture, span.pictures(), span.blend(), after);
            }
        }

        assertThat(farthestFromOne(sum)).isLessThan(1e-5f);
    }

    private static float farthestFromOne(float[] shares) {
        float worst = 0;
        for (float share : shares) {
            worst = Math.max(worst, Math.abs(share - 1));
        }
        return worst;
    }

    @Test
    void aSpoolHoldsWhatABufferHolds(@TempDir Path folder) throws Exception {
        try (VaeDecoder decoder = VaeDecoder.open(engine, VaeFixtures.weights("wan21_vae_dec"))) {
            Tensor latent = latent(16, 2, 4, 20);
            DecodeOptions options = new DecodeOptions(64, 16);
            FrameBuffer buffer = new FrameBuffer();
            FrameSpool spool = new FrameSpool(folder);
            decoder.decode(latent, buffer, options, NONE, SILENT);
            decoder.decode(latent, spool, options, NONE, SILENT);

            assertThat(VaeFixtures.worst(buffer.frames(), spool.frames())).isLessThan(4f / 65535);
            try (Stream<Path> left = Files.list(folder)) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void memoryDoesNotGrowWithLengthAndFallsWithTheTile() {
        try (VaeDecoder decoder = VaeDecoder.open(engine, VaeFixtures.weights("wan21_vae_dec"))) {
            Shape shortClip = Shape.of(1, 16, 2, 60, 104);
            Shape longClip = Shape.of(1, 16, 200, 60, 104);

            assertThat(decoder.workingBytes(longClip, DecodeOptions.AUTO))
                    .isEqualTo(decoder.workingBytes(shortClip, DecodeOptions.AUTO))
                    .isLessThanOrEqualTo(DecodeOptions.AUTO_BYTES);
            assertThat(decoder.workingBytes(longClip, new DecodeOptions(128, 32)))
                    .isLessThan(decoder.workingBytes(longClip, new DecodeOptions(256, 64)));
        }
    }

    /// Borders are repeated, so a clip of one colour looks the same to every tile, and the shares of tiles and of runs
    /// along time must sum to one.
    @Test
    void aClipOfOneColourIsEncodedInTilesAsWhole() {
        byte[] rgb = new byte[25 * 80 * 112 * 3];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (byte) (90 * (i % 3));
        }
        Frames clip = Frames.ofBytes(25, 80, 112, rgb);
        try (VaeEncoder encoder = VaeEncoder.open(engine, VaeFixtures.weights("hunyuan_vae_encoder"))) {
            List<Integer> runs = new ArrayList<>();
            float[] whole =
                    encoder.encode(clip, DecodeOptions.AUTO, NONE, SILENT).toFloatArray();
            float[] tiled = encoder.encode(clip, new DecodeOptions(48, 16), NONE, (done, total) -> runs.add(total))
                    .toFloatArray();

            assertThat(runs).hasSize(2 * 3 * 2).containsOnly(2 * 3 * 2);
            assertThat(tiled).usingComparatorWithPrecision(1e-4f).containsExactly(whole);
            assertThat(whole).doesNotContain(0f);
        }
    }

    @Test
    void interruptionIsSeenBetweenRuns() {
        try (VaeDecoder decoder = VaeDecoder.open(engine, VaeFixtures.weights("wan21_vae_dec"))) {
            VaeFixtures.Switch token = new VaeFixtures.Switch();
            List<Integer> steps = new ArrayList<>();

            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> decoder.decode(
                            latent(16, 6, 3, 4), new FrameBuffer(), DecodeOptions.AUTO, token, (done, total) -> {
                                steps.add(done);
                                token.cancel();
                            }));
            assertThat(steps).containsExactly(1);
        }
    }

    @Test
    void oneRunIsInterruptedInside() {
        try (VaeDecoder decoder = VaeDecoder.open(engine, VaeFixtures.weights("wan21_vae_dec"))) {
            StopInRun token = new StopInRun();
            List<Integer> steps = new ArrayList<>();

            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> decoder.decode(
                            latent(16, 1, 3, 4),
                            new FrameBuffer(),
                            DecodeOptions.AUTO,
                            token,
                            (done, total) -> steps.add(done)))
                    .withMessageContaining("interrupted in");
            assertThat(token.reachedARun()).isTrue();
            assertThat(steps).isEmpty();
        }
    }

    @Test
    void interruptionIsSeenWhileTheStateIsClearedAndNothingStaysAllocated() {
        List<StateInput> state = List.of(new StateInput("a", "b", 2, 3, 1), new StateInput("c", "d", 2, 3, 2));
        StopInRun counting = new StopInRun();
        new CarriedState(state, 4, 5, counting).close();
        VaeFixtures.Switch cancelled = new VaeFixtures.Switch();
        cancelled.cancel();

        assertThat(counting.polls()).as("once a tensor, which exists twice").isEqualTo(4);
        assertThatExceptionOfType(CancellationException.class)
                .isThrownBy(() -> new CarriedState(state, 4, 5, cancelled));
    }

    private static Tensor latent(int channels, int frames, int height, int width) {
        Random random = new Random(9);
        float[] values = new float[channels * frames * height * width];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(Shape.of(1, channels, frames, height, width), values);
    }
}
