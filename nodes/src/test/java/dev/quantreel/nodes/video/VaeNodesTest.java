package dev.quantreel.nodes.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.quantreel.engines.safetensors.SafetensorsFile;
import dev.quantreel.engines.safetensors.SafetensorsWriter;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.loading.LoadVAE;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.VideoDecoder;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import javax.imageio.ImageIO;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class VaeNodesTest {

    private static final Path GOLDEN = Path.of("../engines/src/test/resources/golden");

    private final TestContext context;

    VaeNodesTest(@TempDir Path root) {
        this.context = TestContext.in(root);
    }

    @AfterEach
    void close() throws Exception {
        context.close();
    }

    private static void assertRejected(String port, ThrowingCallable run, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(run)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    /// A tiny random VAE under a name that people have.
    private VideoDecoder vae(String golden, String name) throws Exception {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(GOLDEN.resolve(golden + ".safetensors"))) {
            for (String tensor : file.names()) {
                if (tensor.startsWith("w.")) {
                    weights.put(tensor.substring(2), file.tensor(tensor));
                }
            }
            Path target = context.folders().models("vae").resolve(name);
            Files.createDirectories(target.getParent());
            SafetensorsWriter.write(target, weights, file.metadata());
        }
        return new LoadVAE()
                .run(new LoadVAE.Inputs(name, Optional.empty()), context)
                .vae();
    }

    private static Latent latent(int channels, int frames) {
        Random random = new Random(5);
        float[] values = new float[channels * frames * 2 * 3];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Latent(Tensor.of(Shape.of(1, channels, frames, 2, 3), values));
    }

    private static Latent latent(int channels, int frames, LatentSpace space) {
        return new Latent(latent(channels, frames).samples(), Optional.of(space), 0);
    }

    private Frames decoded(Latent latent, VideoDecoder vae) throws Exception {
        return new DecodeVAE()
                .run(new DecodeVAE.Inputs(latent, vae, new Tiles(0, 0)), context)
                .images()
                .frames();
    }

    @ParameterizedTest
    @CsvSource({
        "wan21_vae_dec, wan_2.1_vae.safetensors, 16, 9, 16, Wan 2.1 VAE",
        "wan22_vae_diffusers, wan2.2_vae.safetensors, 48, 9, 32, Wan 2.2 VAE",
        "hunyuan_vae_dec, hunyuan_video_vae_bf16.safetensors, 4, 9, 16, HunyuanVideo VAE",
        "ltx_vae_diffusers, ltx-video-vae.safetensors, 16, 17, 64, LTX-Video VAE",
        "sd_vae_diffusers, vae-ft-mse.safetensors, 4, 3, 16, Stable Diffusion VAE",
        "taehv_narrow_dec, taew2_1.safetensors, 16, 9, 16, TAEHV decoder"
    })
    void everyFamilyEndsInAVideoFile(String golden, String name, int channels, int pictures, int height, String family)
            throws Exception {
        Frames frames = decoded(latent(channels, 3), vae(golden, name));

        assertThat(frames.count()).isEqualTo(pictures);
        assertThat(frames.height()).isEqualTo(height);
        assertThat(context.statuses()).anySatisfy(status -> assertThat(status).contains(name, family));
        Path video = new SaveVideo()
                .run(new SaveVideo.Inputs(new Pictures(frames), "clip", FileKind.MP4, 16, 90, 1), context)
                .video()
                .files()
                .getFirst();
        assertThat(video).isNotEmptyFile();
    }

    @Test
    void theLatentIsSavedBeforeDecodingAndComesBack() throws Exception {
        Latent latent = latent(16, 2);
        VideoDecoder vae = vae("taehv_narrow_dec", "taew2_1.safetensors");
        context.cancelAt("decoding");
        assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> decoded(latent, vae));

        assertThat(context.shown())
                .contains(new UiItem.FileItem(
                        UiItem.Kind.FILES,
                        "latent_00001_.safetensors",
                        "latents",
                        UiItem.Root.OUTPUT,
                        "application/octet-stream"));
        String saved = new LatentFiles().options(context.folders()).getFirst();
        assertThat(saved).isEqualTo("latent_00001_.safetensors [output]");
        Latent loaded =
                new LoadLatent().run(new LoadLatent.Inputs(saved), context).latent();
        assertThat(loaded.samples().shape()).isEqualTo(latent.samples().shape());
        assertThat(loaded.samples().toFloatArray()).isEqualTo(latent.samples().toFloatArray());
    }

    @Test
    void aLatentOfAnotherSizeNamesTheVaeAndAFileThatFits() throws Exception {
        VideoDecoder vae = vae("wan21_vae_dec", "wan_2.1_vae.safetensors");

        assertRejected(
                "vae",
                () -> decoded(latent(48, 1), vae),
                "wan_2.1_vae.safetensors",
                "Wan 2.1 VAE",
                "16 channels",
                "the latent has 48",
                "wan2.2_vae");
    }

    @Test
    void aLatentOfAnotherModelIsRefusedThoughItsChannelsFit() throws Exception {
        VideoDecoder wan = vae("wan21_vae_dec", "wan_2.1_vae.safetensors");

        assertRejected(
                "vae",
                () -> decoded(latent(16, 1, LatentSpace.HUNYUAN_VIDEO), wan),
                "is wan_2.1_vae.safetensors (Wan 2.1 VAE for Wan 2.1 and Wan 2.2 A14B), but the latent is one of"
                        + " HunyuanVideo; accepted is hunyuan_video_vae_bf16.safetensors or the small"
                        + " taehv.safetensors");
        assertThat(decoded(latent(16, 1, LatentSpace.WAN_21), wan).count()).isEqualTo(1);
        assertThat(decoded(latent(16, 1), wan).count()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"taehv.safetensors, WAN_21", "taew2_1.safetensors, COG_VIDEO_X"})
    void aTinyDecoderWhoseNameSpeaksOfAnotherModelIsRefused(String name, LatentSpace space) throws Exception {
        VideoDecoder vae = vae("taehv_narrow_dec", name);

        assertRejected(
                "vae",
                () -> decoded(latent(16, 1, space), vae),
                name,
                "by its name it decodes latents of ",
                "the latent is one of " + space.title(),
                "accepted is " + space.decoders());
    }

    @ParameterizedTest
    @CsvSource({
        "taew2_1.safetensors, WAN_21",
        "mine.safetensors, HUNYUAN_VIDEO",
        "quantreel_demo_taehv_bf16.safetensors, WAN_21"
    })
    void aTinyDecoderOfTheRightOrOfNoNameIsTaken(String name, LatentSpace space) throws Exception {
        assertThat(decoded(latent(16, 1, space), vae("taehv_narrow_dec", name)).count())
                .isEqualTo(1);
    }

    @Test
    void aTinyDecoderRefusesSpacesOfOtherModels() throws Exception {
        VideoDecoder vae = vae("taehv_narrow_dec", "taew2_1.safetensors");

        assertRejected(
                "vae",
                () -> decoded(latent(48, 1, LatentSpace.WAN_22), vae),
                "taew2_1.safetensors",
                "one of Wan 2.2 5B",
                "wan2.2_vae.safetensors or the small taew2_2.safetensors");
    }

    @ParameterizedTest
    @EnumSource(LatentSpace.class)
    void aSavedLatentKeepsItsSpace(LatentSpace space) throws Exception {
        LatentFile.save(latent(16, 1, space), context);

        assertThat(newest().space()).contains(space);
    }

    @Test
    void aSavedLatentWithoutASpaceStaysWithout() throws Exception {
        LatentFile.save(latent(16, 1), context);

        assertThat(newest().space()).isEmpty();
    }

    private Latent newest() throws Exception {
        String saved = new LatentFiles().options(context.folders()).getFirst();
        return new LoadLatent().run(new LoadLatent.Inputs(saved), context).latent();
    }

    @Test
    void aFileThatIsNoLatentSaysWhatItHolds() throws Exception {
        Files.createDirectories(context.folders().input());
        SafetensorsWriter.write(
                context.folders().input().resolve("lora.safetensors"),
                Map.of("lora_A", Tensor.zeros(DType.F32, Shape.of(2, 2))),
                Map.of());

        assertRejected(
                "latent",
                () -> new LoadLatent().run(new LoadLatent.Inputs("lora.safetensors"), context),
                "lora.safetensors",
                "lora_A",
                "Decode VAE");
        assertRejected(
                "latent",
                () -> new LoadLatent().run(new LoadLatent.Inputs("gone [output]"), context),
                "gone",
                "latents");
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "jpg"})
    void aPictureIsLoadedAndEncoded(String extension) throws Exception {
        picture("first." + extension, extension, 27, 18);
        assertThat(new ImageFiles().options(context.folders())).containsExactly("first." + extension);
        Pictures loaded = new LoadImage()
                .run(new LoadImage.Inputs("first." + extension), context)
                .image();
        float[] pixels = loaded.frames().frame(0);

        assertThat(loaded.frames().count()).isEqualTo(1);
        assertThat(loaded.frames().width()).isEqualTo(27);
        assertThat(pixels[0]).isGreaterThan(0.9f);
        assertThat(pixels[1]).isLessThan(0.1f);
        VideoDecoder vae = vae("wan21_vae_diffusers", "wan_2.1_vae.safetensors");
        Latent latent = new EncodeVAE()
                .run(new EncodeVAE.Inputs(loaded, vae, new Tiles(0, 0)), context)
                .latent();
        assertThat(latent.samples().shape()).isEqualTo(Shape.of(1, 16, 1, 2, 3));
        assertThat(latent.space()).contains(LatentSpace.WAN_21);
        assertThat(context.statuses())
                .contains("cropped from 27 x 18 to 24 x 16 pixels, multiples of 8")
                .anySatisfy(status -> assertThat(status)
                        .startsWith("encoding 1 pictures of 24 x 16 with Wan 2.1 VAE,")
                        .contains("GiB"));
    }

    private void picture(String name, String format, int width, int height) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.RED);
        graphics.fillRect(0, 0, width, height);
        graphics.dispose();
        Files.createDirectories(context.folders().input());
        assertThat(ImageIO.write(
                        image, format, context.folders().input().resolve(name).toFile()))
                .isTrue();
    }

    @Test
    void encodingNeedsAnEncoderAndAWholeNumberOfLatents() throws Exception {
        VideoDecoder decoderOnly = vae("taehv_narrow_dec", "taew2_1.safetensors");
        Pictures one = new Pictures(Frames.ofBytes(1, 16, 16, new byte[16 * 16 * 3]));
        Pictures three = new Pictures(Frames.ofBytes(3, 16, 16, new byte[3 * 16 * 16 * 3]));

        assertRejected(
                "vae",
                () -> new EncodeVAE().run(new EncodeVAE.Inputs(one, decoderOnly, new Tiles(0, 0)), context),
                "taew2_1.safetensors",
                "wan_2.1_vae");
        VideoDecoder vae = vae("hunyuan_vae_encoder", "hunyuan_video_vae_bf16.safetensors");
        assertRejected(
                "pixels",
                () -> new EncodeVAE().run(new EncodeVAE.Inputs(three, vae, new Tiles(0, 0)), context),
                "3 frames",
                "HunyuanVideo VAE",
                "1 and 5");
    }

    @Test
    void hunyuanVideosVaeEncodesAndDecodesAClip() throws Exception {
        VideoDecoder vae = vae("hunyuan_vae_encoder", "hunyuan_video_vae_bf16.safetensors");
        Pictures clip = new Pictures(Frames.ofBytes(5, 16, 24, new byte[5 * 16 * 24 * 3]));
        Latent latent = new EncodeVAE()
                .run(new EncodeVAE.Inputs(clip, vae, new Tiles(0, 0)), context)
                .latent();

        assertThat(latent.samples().shape()).isEqualTo(Shape.of(1, 4, 2, 2, 3));
        assertThat(latent.space()).contains(LatentSpace.HUNYUAN_VIDEO);
        assertThat(new DecodeVAE()
                        .run(new DecodeVAE.Inputs(latent, vae, new Tiles(0, 0)), context)
                        .images()
                        .frames()
                        .count())
                .isEqualTo(5);
    }

    @Test
    void aDamagedPictureIsNamed() throws Exception {
        Files.createDirectories(context.folders().input());
        Files.writeString(context.folders().input().resolve("broken.png"), "no picture");

        assertRejected(
                "image",
                () -> new LoadImage().run(new LoadImage.Inputs("broken.png"), context),
                "broken.png",
                "PNG, JPEG, WebP");
    }

    @Test
    void comparedClipsAreMeasuredByTheFeaturesOfAVaeWithAnEncoder() throws Exception {
        VideoDecoder vae = vae("wan21_vae_diffusers", "wan_2.1_vae.safetensors");
        Pictures clip = new Pictures(gradient(6, 29, 35, 0));
        Pictures other = new Pictures(gradient(6, 29, 35, 60));

        CompareVideos.Outputs far = compare(clip, other, vae);

        assertThat(far.report()).containsPattern("VAE features +0\\.[0-9]{4}");
        JsonNode json = new ObjectMapper()
                .readTree(context.folders().output().resolve("c/f_00001_.json").toFile());
        assertThat(json.path("featureDistancePerLevel")).hasSize(4);
        assertThat(json.path("featureDistance").asDouble()).isPositive();
        assertThat(compare(clip, clip, vae).report()).containsPattern("VAE features +0\\.0000");
        VideoDecoder decoderOnly = vae("taehv_wan22", "taew2_2.safetensors");
        assertRejected("vae", () -> compare(clip, other, decoderOnly), "has no encoder");
    }

    private CompareVideos.Outputs compare(Pictures clip, Pictures other, VideoDecoder vae) throws Exception {
        return new CompareVideos()
                .run(new CompareVideos.Inputs(clip, other, "a", "b", 4, "c/f", Optional.of(vae)), context);
    }

    private static Frames gradient(int count, int height, int width, int offset) {
        byte[] rgb = new byte[count * height * width * 3];
        for (int i = 0; i < rgb.length; i++) {
            int x = i / 3 % width;
            rgb[i] = (byte) (4 * x + 20 * (i % 3) + (x > 12 ? offset : 0));
        }
        return Frames.ofBytes(count, height, width, rgb);
    }
}
