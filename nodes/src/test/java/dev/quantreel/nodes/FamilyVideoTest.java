package dev.quantreel.nodes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.dit.TransformerArchitecture;
import dev.quantreel.engines.dit.TransformerFamily;
import dev.quantreel.engines.dit.cogvideox.CogVideoXConfig;
import dev.quantreel.engines.dit.cogvideox.CogVideoXFamily;
import dev.quantreel.engines.dit.cogvideox.CogVideoXTransformer;
import dev.quantreel.engines.dit.cogvideox.Positions;
import dev.quantreel.engines.dit.hunyuan.HunyuanConfig;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideo15Family;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideo15Transformer;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideoFamily;
import dev.quantreel.engines.dit.hunyuan.HunyuanVideoTransformer;
import dev.quantreel.engines.dit.latte.LatteConfig;
import dev.quantreel.engines.dit.latte.LatteFamily;
import dev.quantreel.engines.dit.latte.LatteTransformer;
import dev.quantreel.engines.dit.ltx.LtxConfig;
import dev.quantreel.engines.dit.ltx.LtxFamily;
import dev.quantreel.engines.dit.ltx.LtxTransformer;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanFamily;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.LatentSpace;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.loading.EncoderOptions;
import dev.quantreel.nodes.loading.LoadCLIPVision;
import dev.quantreel.nodes.loading.LoadDiT;
import dev.quantreel.nodes.loading.LoadDualTextEncoder;
import dev.quantreel.nodes.loading.LoadTextEncoder;
import dev.quantreel.nodes.loading.LoadVAE;
import dev.quantreel.nodes.quantize.MinMaxQuantize;
import dev.quantreel.nodes.sampling.CLIPVisionEncode;
import dev.quantreel.nodes.sampling.EmptyVideoLatent;
import dev.quantreel.nodes.sampling.EncodePrompt;
import dev.quantreel.nodes.sampling.ImageToVideo;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.testing.SampleRequest;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.testing.TinyModels;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TextModel;
import dev.quantreel.nodes.values.Video;
import dev.quantreel.nodes.values.VideoDecoder;
import dev.quantreel.nodes.values.VisionFeatures;
import dev.quantreel.nodes.video.DecodeVAE;
import dev.quantreel.nodes.video.FileKind;
import dev.quantreel.nodes.video.SaveVideo;
import dev.quantreel.nodes.video.Tiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// From a text to a video file, with a tiny random checkpoint of every family: full precision and W4A8.
class FamilyVideoTest {

    private static final int WIDTH = TinyModels.TEXT_WIDTH;
    private static final int GLYPH_WIDTH = 32;
    private static final String TAEHV_15 = "taehv1_5";

    private static final HunyuanConfig.Rope HUNYUAN_ROPE = new HunyuanConfig.Rope(List.of(16, 56, 56), 256);

    /// @param encoders files of the text encoders
    /// @param vae file of the VAE
    /// @param frames of the clip
    record Case(
            String name,
            TransformerFamily family,
            TransformerArchitecture architecture,
            List<String> encoders,
            String vae,
            int frames) {

        @Override
        public String toString() {
            return name;
        }
    }

    private final TestContext context;
    private final TinyModels models;

    FamilyVideoTest(@TempDir Path root) throws Exception {
        this.context = TestContext.in(root);
        this.models = new TinyModels(context.folders());
    }

    @AfterEach
    void close() throws Exception {
        context.close();
    }

    private static Case wan(String name, int channels, boolean perFrame, String vae) {
        return new Case(name, new WanFamily(), wan(channels, channels, 0, perFrame), List.of("umt5_encoder"), vae, 5);
    }

    private static WanTransformer wan(int in, int out, int imageDim, boolean perFrame) {
        return new WanTransformer(new WanConfig(in, out, 128, 64, 1, 2, WIDTH, 256, 512, imageDim, perFrame));
    }

    static List<Case> families() {
        HunyuanConfig hunyuan =
                new HunyuanConfig(4, 4, 2, 128, 1, new HunyuanConfig.Depth(1, 1, 1), WIDTH, 256, HUNYUAN_ROPE);
        HunyuanConfig hunyuan15 =
                new HunyuanConfig(65, 32, 1, 128, 1, new HunyuanConfig.Depth(1, 1, 0), WIDTH, 256, HUNYUAN_ROPE);
        return List.of(
                wan("wan-2.1", 16, false, "wan21_vae_dec"),
                wan("wan-2.1-taehv", 16, false, "taehv_narrow_dec"),
                wan("wan-2.2-5b", 48, true, "wan22_vae_diffusers"),
                new Case(
                        "hunyuan-video",
                        new HunyuanVideoFamily(),
                        new HunyuanVideoTransformer(hunyuan, WIDTH, true),
                        List.of("llama", "clip_l"),
                        "hunyuan_vae_dec",
                        5),
                new Case(
                        "hunyuan-video-1.5",
                        new HunyuanVideo15Family(),
                        new HunyuanVideo15Transformer(
                                hunyuan15,
                                new HunyuanVideo15Transformer.Widths(GLYPH_WIDTH, 64, 64),
                                false,
                                new HunyuanVideo15Transformer.Release(false, false, false)),
                        List.of("qwen25", "byt5_encoder"),
                        TAEHV_15,
                        5),
                new Case(
                        "ltx-video",
                        new LtxFamily(),
                        new LtxTransformer(new LtxConfig(16, 128, 64, 32, 2, WIDTH, 256, false)),
                        List.of("t5_encoder"),
                        "ltx_vae_diffusers",
                        9),
                new Case(
                        "cogvideox",
                        new CogVideoXFamily(),
                        new CogVideoXTransformer(new CogVideoXConfig(
                                16,
                                64,
                                128,
                                1,
                                2,
                                WIDTH,
                                226,
                                64,
                                1,
                                new Positions.Stretched(30, 45),
                                CogVideoXConfig.ImageInput.NONE)),
                        List.of("t5_encoder"),
                        "taehv_narrow_dec",
                        5),
                new Case(
                        "latte",
                        new LatteFamily(),
                        new LatteTransformer(new LatteConfig(4, 8, 64, 128, 16, 1, WIDTH, 256, 64)),
                        List.of("t5_encoder"),
                        "sd_vae_diffusers",
                        4));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("families")
    void textBecomesAVideoFile(Case family) throws Exception {
        DiffusionModel model = load(family);
        Conditioning prompt = prompt(family.encoders(), "a cat with a sign \"OPEN\"");
        Conditioning empty = prompt(family.encoders(), "a dog");
        Latent latent = new EmptyVideoLatent()
                .run(
                        new EmptyVideoLatent.Inputs(
                                64, 64, family.frames(), EmptyVideoLatent.Space.WAN_21, Optional.of(model)),
                        context)
                .latent();
        VideoDecoder vae = vae(family.vae());
        for (DiffusionModel precision : List.of(model, quantized(model))) {
            Latent sampled = new SampleRequest(precision, prompt, latent)
                    .negative(empty)
                    .steps(2)
                    .cfg(3)
                    .shift(0)
                    .sampler("auto", "auto")
                    .run(context)
                    .latent();
            Video video = saved(sampled, vae, family.name());

            assertThat(video.frames().count()).isEqualTo(family.frames());
            assertThat(video.frames().width()).isEqualTo(64);
            assertThat(video.files()).singleElement().satisfies(file -> assertThat(file)
                    .isNotEmptyFile());
        }
    }

    @Test
    void aPictureBecomesAVideoFileByTwoExperts() throws Exception {
        Case high = new Case(
                "i2v-high", new WanFamily(), wan(36, 16, 0, false), List.of("umt5_encoder"), "wan21_vae_diffusers", 5);
        DiffusionModel model = load(high);
        ImageToVideo.Outputs start = start(model, high.vae(), Optional.empty());
        Latent sampled = new SampleRequest(model, start.positive(), start.latent())
                .steps(4)
                .cfg(1)
                .lowNoise(new LowNoiseModel(quantized(model), 0.9, 1))
                .run(context)
                .latent();

        assertThat(saved(sampled, vae(high.vae()), "i2v").frames().count()).isEqualTo(5);
    }

    @Test
    void wan22sSmallModelKeepsThePictureAsItsFirstLatentFrame() throws Exception {
        Case family = wan("i2v-5b", 48, true, "wan22_vae_diffusers");
        DiffusionModel model = load(family);
        ImageToVideo.Outputs start = start(model, family.vae(), Optional.empty());
        Latent given = start.latent();
        assertThat(given.samples().shape()).isEqualTo(Shape.of(1, 48, 2, 4, 4));
        assertThat(given.knownFrames()).isEqualTo(1);
        assertThat(given.space()).contains(LatentSpace.WAN_22);
        assertThat(frame(given, 0)).anyMatch(value -> Math.abs(value) > 0.1f);
        assertThat(frame(given, 1)).containsOnly(0f);

        for (DiffusionModel precision : List.of(model, quantized(model))) {
            Latent sampled = new SampleRequest(precision, start.positive(), given)
                    .negative(start.negative())
                    .steps(2)
                    .cfg(3)
                    .run(context)
                    .latent();

            assertThat(frame(sampled, 0)).isEqualTo(frame(given, 0));
            assertThat(frame(sampled, 1)).doesNotContain(0f);
            assertThat(saved(sampled, vae(family.vae()), "i2v-5b").frames().count())
                    .isEqualTo(5);
        }
    }

    /// One latent frame, channel after channel.
    private static List<Float> frame(Latent latent, int frame) {
        Shape shape = latent.samples().shape();
        int plane = (int) (shape.dim(3) * shape.dim(4));
        float[] all = latent.samples().toFloatArray();
        List<Float> values = new ArrayList<>();
        for (int channel = 0; channel < shape.dim(1); channel++) {
            for (int i = 0; i < plane; i++) {
                values.add(all[(int) (channel * shape.dim(2) + frame) * plane + i]);
            }
        }
        return values;
    }

    @Test
    void anImageIsNotEncodedByTheVaeOfAnotherModel() throws Exception {
        DiffusionModel small = load(wan("i2v-5b", 48, true, ""));

        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> start(small, "wan21_vae_diffusers", Optional.empty()))
                .withMessageContaining("wan21_vae_diffusers.safetensors (Wan 2.1 VAE for Wan 2.1 and Wan 2.2 A14B), but"
                        + " i2v-5b.safetensors works in latents of Wan 2.2 5B; accepted is wan2.2_vae.safetensors")
                .satisfies(e -> assertThat(e.port()).isEqualTo("vae"));
    }

    @Test
    void wan21ReadsThePictureThroughClipAsWell() throws Exception {
        Case family = new Case(
                "i2v-clip",
                new WanFamily(),
                wan(36, 16, WIDTH, false),
                List.of("umt5_encoder"),
                "wan21_vae_diffusers",
                5);
        DiffusionModel model = load(family);
        float[] red = sampled(model, picture(1, 0, 0));

        assertThat(sampled(model, picture(1, 0, 0))).isEqualTo(red);
        assertThat(sampled(model, picture(0, 0, 1))).isNotEqualTo(red);
    }

    @Test
    void hunyuanVideo15StartsFromAPictureAndWhatSiglipSees() throws Exception {
        HunyuanConfig config =
                new HunyuanConfig(5, 2, 1, 128, 1, new HunyuanConfig.Depth(1, 1, 0), WIDTH, 256, HUNYUAN_ROPE);
        Case family = new Case(
                "i2v-1.5",
                new HunyuanVideo15Family(),
                new HunyuanVideo15Transformer(
                        config,
                        new HunyuanVideo15Transformer.Widths(GLYPH_WIDTH, 64, WIDTH),
                        false,
                        new HunyuanVideo15Transformer.Release(false, true, false)),
                List.of("qwen25", "byt5_encoder"),
                "hunyuan15_vae_diffusers",
                5);
        DiffusionModel model = load(family);
        ImageToVideo.Outputs plain = start(model, family, picture(1, 0.5f, 0), Optional.empty());
        ImageToVideo.Outputs seen =
                start(model, family, picture(1, 0.5f, 0), Optional.of(seen("siglip_vision", picture(1, 0.5f, 0))));
        Latent fromPlain = sampled(model, plain);
        Latent fromSeen = sampled(model, seen);

        assertThat(plain.positive()
                        .image()
                        .orElseThrow()
                        .channels()
                        .orElseThrow()
                        .shape())
                .isEqualTo(Shape.of(1, 3, 2, 4, 4));
        assertThat(fromSeen.samples().toFloatArray())
                .isNotEqualTo(fromPlain.samples().toFloatArray());
        for (Latent latent : List.of(fromPlain, sampled(quantized(model), seen))) {
            assertThat(saved(latent, vae(family.vae()), "i2v-1.5").frames().count())
                    .isEqualTo(5);
        }
    }

    @Test
    void ltxVideoKeepsThePictureAsItsFirstLatentFrame() throws Exception {
        Case family = new Case(
                "i2v-ltx",
                new LtxFamily(),
                new LtxTransformer(new LtxConfig(8, 128, 64, 32, 2, WIDTH, 256, false)),
                List.of("t5_encoder"),
                "ltx_vae_encoder",
                17);
        DiffusionModel model = load(family);
        ImageToVideo.Outputs start = start(model, family, picture(1, 0.5f, 0), Optional.empty());
        Latent given = start.latent();
        assertThat(given.samples().shape()).isEqualTo(Shape.of(1, 8, 3, 2, 2));
        assertThat(given.knownFrames()).isEqualTo(1);

        for (DiffusionModel precision : List.of(model, quantized(model))) {
            Latent sampled = new SampleRequest(precision, start.positive(), given)
                    .negative(start.negative())
                    .steps(2)
                    .cfg(3)
                    .run(context)
                    .latent();

            assertThat(frame(sampled, 0)).isEqualTo(frame(given, 0));
            assertThat(frame(sampled, 1)).doesNotContain(0f);
            assertThat(saved(sampled, vae(family.vae()), family.name()).frames().count())
                    .isEqualTo(17);
        }
    }

    @Test
    void cogVideoXStartsFromAPictureAndItsOwnVaeOnlyEncodes() throws Exception {
        Case family = new Case(
                "i2v-cog",
                new CogVideoXFamily(),
                new CogVideoXTransformer(new CogVideoXConfig(
                        4,
                        64,
                        128,
                        1,
                        2,
                        WIDTH,
                        226,
                        64,
                        2,
                        new Positions.Counted(),
                        new CogVideoXConfig.ImageInput(4, 0, 64))),
                List.of("t5_encoder"),
                "cogvideox_vae_encoder",
                5);
        DiffusionModel model = load(family);
        ImageToVideo.Outputs red = start(model, family, picture(1, 0, 0), Optional.empty());
        ImageToVideo.Outputs blue = start(model, family, picture(0, 0, 1), Optional.empty());
        Latent sampled = sampled(model, red);

        assertThat(red.positive().image().orElseThrow().channels().orElseThrow().shape())
                .isEqualTo(Shape.of(1, 4, 2, 8, 8));
        assertThat(sampled.samples().toFloatArray())
                .isNotEqualTo(sampled(model, blue).samples().toFloatArray());
        String small = models.taehv("taecvx", 4, 1);
        VideoDecoder decoder = new LoadVAE()
                .run(new LoadVAE.Inputs(small, Optional.empty()), context)
                .vae();
        for (Latent latent : List.of(sampled, sampled(quantized(model), red))) {
            assertThat(saved(latent, decoder, family.name()).frames().count()).isEqualTo(5);
        }
        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> saved(sampled, vae(family.vae()), family.name()))
                .withMessageContaining("taecvx");
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(() -> sampled(
                        model,
                        new ImageToVideo.Outputs(prompt(family.encoders(), "a cat"), red.negative(), red.latent())))
                .withMessageContaining("has no image");
    }

    @Test
    void hunyuanVideoStartsFromAPicture() throws Exception {
        HunyuanConfig config =
                new HunyuanConfig(9, 4, 2, 128, 1, new HunyuanConfig.Depth(1, 1, 1), WIDTH, 256, HUNYUAN_ROPE);
        Case family = new Case(
                "i2v-1.0",
                new HunyuanVideoFamily(),
                new HunyuanVideoTransformer(config, WIDTH, true),
                List.of("llama", "clip_l"),
                "hunyuan_vae_encoder",
                5);
        DiffusionModel model = load(family);
        Latent red = sampled(model, start(model, family, picture(1, 0, 0), Optional.empty()));
        Latent blue = sampled(model, start(model, family, picture(0, 0, 1), Optional.empty()));

        assertThat(red.samples().toFloatArray()).isNotEqualTo(blue.samples().toFloatArray());
        assertThat(saved(red, vae(family.vae()), "i2v-1.0").frames().count()).isEqualTo(5);
    }

    private Latent sampled(DiffusionModel model, ImageToVideo.Outputs start) throws Exception {
        return new SampleRequest(model, start.positive(), start.latent())
                .steps(2)
                .cfg(1)
                .shift(0)
                .sampler("auto", "auto")
                .run(context)
                .latent();
    }

    private VisionFeatures seen(String file, Pictures picture) throws Exception {
        var vision = new LoadCLIPVision()
                .run(new LoadCLIPVision.Inputs(models.golden("clip_vision", file), Optional.empty()), context)
                .clipVision();
        return new CLIPVisionEncode()
                .run(new CLIPVisionEncode.Inputs(vision, picture, CLIPVisionEncode.Crop.NONE), context)
                .clipVisionOutput();
    }

    private float[] sampled(DiffusionModel model, Pictures picture) throws Exception {
        VisionFeatures seen = seen("clip_vision", picture);
        ImageToVideo.Outputs start = start(model, "wan21_vae_diffusers", Optional.of(seen));
        return new SampleRequest(model, start.positive(), start.latent())
                .steps(1)
                .cfg(1)
                .run(context)
                .latent()
                .samples()
                .toFloatArray();
    }

    private ImageToVideo.Outputs start(DiffusionModel model, String vae, Optional<VisionFeatures> seen)
            throws Exception {
        return start(model, wan("", 16, false, vae), picture(1, 0.5f, 0), seen);
    }

    private ImageToVideo.Outputs start(
            DiffusionModel model, Case family, Pictures picture, Optional<VisionFeatures> seen) throws Exception {
        return new ImageToVideo()
                .run(
                        new ImageToVideo.Inputs(
                                model,
                                prompt(family.encoders(), "a cat"),
                                vae(family.vae()),
                                picture,
                                64,
                                64,
                                family.frames(),
                                Optional.empty(),
                                seen),
                        context);
    }

    private static Pictures picture(float red, float green, float blue) {
        Tensor rgb = Tensor.zeros(DType.F32, Shape.of(1, 40, 60, 3));
        float[] colour = {red, green, blue};
        for (int i = 0; i < 40 * 60 * 3; i++) {
            rgb.data().set(Tensor.FLOAT, 4L * i, colour[i % 3]);
        }
        return new Pictures(new Frames(rgb));
    }

    private DiffusionModel load(Case family) throws Exception {
        String file = models.transformer(family.name(), family.family(), family.architecture());
        return new LoadDiT().run(new LoadDiT.Inputs(file), context).model();
    }

    private DiffusionModel quantized(DiffusionModel model) {
        return new MinMaxQuantize()
                .run(
                        new MinMaxQuantize.Inputs(
                                model, 4, MinMaxQuantize.Range.TENSOR, MinMaxQuantize.ActivationBits.EIGHT, ""),
                        context)
                .model();
    }

    private VideoDecoder vae(String name) throws Exception {
        String file = name.equals(TAEHV_15) ? models.taehv(name, 32, 2) : models.golden("vae", name);
        return new LoadVAE()
                .run(new LoadVAE.Inputs(file, Optional.empty()), context)
                .vae();
    }

    private Conditioning prompt(List<String> encoders, String text) throws Exception {
        for (String encoder : encoders) {
            models.golden("text_encoders", encoder);
        }
        TextModel clip = encoders.size() == 1
                ? new LoadTextEncoder()
                        .run(
                                new LoadTextEncoder.Inputs(
                                        encoders.getFirst() + ".safetensors",
                                        EncoderOptions.Type.AUTO,
                                        EncoderOptions.Precision.FULL,
                                        Optional.empty()),
                                context)
                        .clip()
                : new LoadDualTextEncoder()
                        .run(
                                new LoadDualTextEncoder.Inputs(
                                        encoders.get(0) + ".safetensors",
                                        encoders.get(1) + ".safetensors",
                                        encoders.contains("qwen25")
                                                ? EncoderOptions.Type.HUNYUAN_VIDEO_15
                                                : EncoderOptions.Type.HUNYUAN_VIDEO,
                                        EncoderOptions.Precision.FULL,
                                        Optional.empty()),
                                context)
                        .clip();
        return new EncodePrompt()
                .run(new EncodePrompt.Inputs(clip, text), context)
                .conditioning();
    }

    private Video saved(Latent latent, VideoDecoder vae, String name) throws Exception {
        Pictures pictures = new DecodeVAE()
                .run(new DecodeVAE.Inputs(latent, vae, new Tiles(0, 0)), context)
                .images();
        return new SaveVideo()
                .run(new SaveVideo.Inputs(pictures, "video/" + name, FileKind.MP4, 16, 90, 0), context)
                .video();
    }
}
