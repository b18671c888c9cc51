package dev.quantreel.nodes.report;

import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanFamily;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import dev.quantreel.nodes.loading.EncoderOptions;
import dev.quantreel.nodes.loading.LoadDiT;
import dev.quantreel.nodes.loading.LoadTextEncoder;
import dev.quantreel.nodes.loading.LoadVAE;
import dev.quantreel.nodes.measure.Candidate;
import dev.quantreel.nodes.measure.Methods;
import dev.quantreel.nodes.quantize.MinMaxQuantize;
import dev.quantreel.nodes.sampling.EmptyVideoLatent;
import dev.quantreel.nodes.sampling.EncodePrompt;
import dev.quantreel.nodes.sampling.ImageToVideo;
import dev.quantreel.nodes.testing.TestContext;
import dev.quantreel.nodes.testing.TinyModels;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.values.LowNoiseModel;
import dev.quantreel.nodes.values.Pictures;
import dev.quantreel.nodes.values.TextModel;
import dev.quantreel.nodes.values.VideoDecoder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Tiny random models built as Wan 2.2 A14B's experts, and the nodes around them.
///
/// @param context folders hold the files
/// @param models writes them
record ExpertPipeline(TestContext context, TinyModels models) {

    /// Noise level at which the experts change in these tests: of 6 steps at shift 3 it leaves 3 to each.
    static final double BOUNDARY = 0.8;

    static final int STEPS = 6;

    static ExpertPipeline in(Path root) throws Exception {
        TestContext context = TestContext.in(root);
        return new ExpertPipeline(context, new TinyModels(context.folders()));
    }

    /// @param inChannels 16 for text to video, 36 for image to video
    DiffusionModel wan(String name, int inChannels, long seed) throws Exception {
        WanConfig config = new WanConfig(inChannels, 16, 128, 64, 1, 2, TinyModels.TEXT_WIDTH, 256, 512, 0, false);
        return loaded(models.transformer(name, new WanFamily(), new WanTransformer(config), seed));
    }

    DiffusionModel loaded(String file) throws Exception {
        return new LoadDiT().run(new LoadDiT.Inputs(file), context).model();
    }

    DiffusionModel quantized(DiffusionModel model, int bits, MinMaxQuantize.ActivationBits activations) {
        return new MinMaxQuantize()
                .run(new MinMaxQuantize.Inputs(model, bits, MinMaxQuantize.Range.TENSOR, activations, ""), context)
                .model();
    }

    DiffusionModel quantized(DiffusionModel model) {
        return quantized(model, 4, MinMaxQuantize.ActivationBits.EIGHT);
    }

    static LowNoiseModel low(DiffusionModel model) {
        return new LowNoiseModel(model, BOUNDARY, 1);
    }

    static Candidate pair(String name, DiffusionModel high, DiffusionModel low) {
        return new Candidate(name, high, Optional.of(low(low)), Optional.empty(), Optional.empty());
    }

    static Methods methods(Candidate... candidates) {
        return new Methods(List.of(candidates));
    }

    TextModel clip() throws Exception {
        models.golden("text_encoders", "umt5_encoder");
        return new LoadTextEncoder()
                .run(
                        new LoadTextEncoder.Inputs(
                                "umt5_encoder.safetensors",
                                EncoderOptions.Type.AUTO,
                                EncoderOptions.Precision.FULL,
                                Optional.empty()),
                        context)
                .clip();
    }

    Conditioning prompt(String text) throws Exception {
        return new EncodePrompt()
                .run(new EncodePrompt.Inputs(clip(), text), context)
                .conditioning();
    }

    VideoDecoder vae() throws Exception {
        return new LoadVAE()
                .run(new LoadVAE.Inputs(models.golden("vae", "wan21_vae_diffusers"), Optional.empty()), context)
                .vae();
    }

    Latent latent(int width) {
        return new EmptyVideoLatent()
                .run(
                        new EmptyVideoLatent.Inputs(width, 64, 5, EmptyVideoLatent.Space.WAN_21, Optional.empty()),
                        context)
                .latent();
    }

    /// A start picture of one colour.
    ImageToVideo.Outputs start(DiffusionModel model, float red, float blue) throws Exception {
        Tensor rgb = Tensor.zeros(DType.F32, Shape.of(1, 40, 60, 3));
        for (int i = 0; i < 40 * 60; i++) {
            rgb.data().set(Tensor.FLOAT, 12L * i, red);
            rgb.data().set(Tensor.FLOAT, 12L * i + 8, blue);
        }
        return new ImageToVideo()
                .run(
                        new ImageToVideo.Inputs(
                                model,
                                prompt("a cat"),
                                vae(),
                                new Pictures(new Frames(rgb)),
                                64,
                                64,
                                5,
                                Optional.empty(),
                                Optional.empty()),
                        context);
    }

    Path output(String name) {
        return context.folders().output().resolve(name);
    }
}
