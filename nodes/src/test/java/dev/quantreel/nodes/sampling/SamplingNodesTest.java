package dev.quantreel.nodes.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.cache.TeaCacheProfile;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.wan.WanConfig;
import dev.quantreel.engines.dit.wan.WanTransformer;
import dev.quantreel.engines.export.ComputePrecision;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.schedule.Manual;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.text.PromptEmbedding;
import dev.quantreel.engines.text.TextEncoderFamily;
import dev.quantreel.nodes.DemoPipeline;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.sampling.EmptyVideoLatent.Space;
import dev.quantreel.nodes.spi.NodeInputException;
import dev.quantreel.nodes.spi.UiItem;
import dev.quantreel.nodes.testing.SampleRequest;
import dev.quantreel.nodes.values.BitPlan;
import dev.quantreel.nodes.values.CachePlan;
import dev.quantreel.nodes.values.Conditioning;
import dev.quantreel.nodes.values.DiffusionModel;
import dev.quantreel.nodes.values.Latent;
import dev.quantreel.nodes.video.DecodeVAE;
import dev.quantreel.nodes.video.Tiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingNodesTest {

    private final DemoPipeline demo;

    SamplingNodesTest(@TempDir Path root) throws Exception {
        this.demo = DemoPipeline.in(root);
    }

    @AfterEach
    void close() throws Exception {
        demo.context().close();
    }

    private static void assertRejected(String port, ThrowingCallable run, String... parts) {
        assertThatExceptionOfType(NodeInputException.class)
                .isThrownBy(run)
                .satisfies(e -> assertThat(e.port()).isEqualTo(port))
                .satisfies(e -> assertThat(e.getMessage()).contains(parts));
    }

    @ParameterizedTest
    @CsvSource({"64, 64, 13, 4x8x8", "832, 480, 81, 21x60x104", "16, 32, 1, 1x4x2"})
    void latentsHaveAnEighthOfTheSizeAndAQuarterOfTheFrames(int width, int height, int frames, String expected) {
        Latent latent = new EmptyVideoLatent()
                .run(new EmptyVideoLatent.Inputs(width, height, frames, Space.WAN_21, Optional.empty()), demo.context())
                .latent();

        assertThat(latent.samples().shape().toString()).isEqualTo("[1x16x" + expected + "]");
    }

    @ParameterizedTest
    @CsvSource({
        "width, 70, 64, 13, 64 and 80",
        "height, 64, 100, 13, 96 and 112",
        "frames, 64, 64, 16, 13 and 17",
        "frames, 64, 64, 4, 1 and 5"
    })
    void oddSizesNameTheNearestAccepted(String port, int width, int height, int frames, String nearest) {
        assertRejected(
                port,
                () -> new EmptyVideoLatent.Inputs(width, height, frames, Space.WAN_21, Optional.empty()),
                "accepted",
                nearest);
    }

    @Test
    void unknownWordsAreReportedAndDoNotFail() throws Exception {
        Conditioning known = demo.prompt("a small red circle moving left on a navy background");
        assertThat(demo.context().statuses()).noneMatch(status -> status.contains("does not know"));

        Conditioning odd = demo.prompt("a small crimson circle, jumping left");

        assertThat(demo.context().statuses())
                .anyMatch(status -> status.contains("does not know") && status.endsWith("crimson, jumping"));
        assertThat(odd.embedding().context().shape())
                .isEqualTo(known.embedding().context().shape());
    }

    @Test
    void aPromptTooLongIsCutWithAWarning() throws Exception {
        demo.prompt("red ".repeat(40));

        assertThat(demo.context().statuses()).anyMatch(status -> status.contains("41 tokens, the model takes 16"));
    }

    @Test
    void shorterTextIsPaddedAndLongerCutToTheModelsLength() {
        WanTransformer config = new WanTransformer(new WanConfig(16, 16, 256, 1024, 8, 4, 2, 256, 3, 0, false));
        PaddedText text = new PaddedText(config.facts(), demo.context());
        Tensor two = Tensor.of(Shape.of(1, 2, 2), 1, 2, 3, 4);
        Tensor four = Tensor.of(Shape.of(1, 4, 2), 1, 2, 3, 4, 5, 6, 7, 8);

        assertThat(context(config, text.of("positive", prompt(two, TextEncoderFamily.UMT5))))
                .containsExactly(1, 2, 3, 4, 0, 0);
        assertThat(demo.context().statuses()).isEmpty();
        assertThat(context(config, text.of("positive", prompt(four, TextEncoderFamily.UMT5))))
                .containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(demo.context().statuses()).anyMatch(status -> status.contains("longer than the 3 tokens"));
        assertRejected(
                "positive",
                () -> text.of("positive", prompt(Tensor.zeros(DType.F32, Shape.of(1, 2, 5)), TextEncoderFamily.UMT5)),
                "5 values",
                "accepted are 2");
    }

    @Test
    void t5WhereUmt5IsNeededIsExplainedAlthoughItsVectorsAreAsWide() {
        WanTransformer config = new WanTransformer(new WanConfig(16, 16, 256, 1024, 8, 4, 2, 256, 3, 0, false));
        PaddedText text = new PaddedText(config.facts(), demo.context());
        Tensor two = Tensor.of(Shape.of(1, 2, 2), 1, 2, 3, 4);

        assertRejected(
                "positive",
                () -> text.of("positive", prompt(two, TextEncoderFamily.T5)),
                "comes from T5-XXL, which belongs to LTX-Video",
                "UMT5-XXL (umt5_xxl_fp16.safetensors)");
    }

    private static Conditioning prompt(Tensor context, TextEncoderFamily family) {
        return new Conditioning(PromptEmbedding.of(context), List.of(family), "");
    }

    private static float[] context(WanTransformer model, BranchConditioning branch) {
        return Objects.requireNonNull(model.conditioningInputs(branch).get("context"))
                .toFloatArray();
    }

    @Test
    void samplingRefusesWhatDoesNotFitTheModel() throws Exception {
        DiffusionModel model = demo.model();
        Latent narrow = new Latent(Tensor.zeros(DType.F32, Shape.of(1, 4, 1, 4, 4)));
        BitPlan threeSteps = new BitPlan(new Manual(List.of(8, 8, 8)), "manual");

        assertRejected(
                "latent", () -> sample(model, narrow, Optional.of(demo.prompt("")), "linear"), "4 channels", "16");
        assertRejected(
                "negative", () -> sample(model, demo.latent(), Optional.empty(), "linear"), "not connected", "cfg");
        assertRejected(
                "sigmas",
                () -> sample(model, demo.latent(), Optional.of(demo.prompt("")), "spiral"),
                "spiral",
                "linear");
        assertRejected(
                "bitSchedule", () -> demo.sample(model, Optional.of(threeSteps), Optional.empty()), "3", "8 steps");
    }

    private void sample(DiffusionModel model, Latent latent, Optional<Conditioning> negative, String sigmas)
            throws Exception {
        SampleRequest request =
                new SampleRequest(model, demo.prompt("red"), latent).steps(2).sampler("euler", sigmas);
        negative.ifPresent(request::negative);
        request.run(demo.context());
    }

    @Test
    void theSeedDecidesAndGuidanceOfOneNeedsNoNegative() throws Exception {
        DiffusionModel model = demo.model();
        float[] first = unguided(model, 1);

        assertThat(unguided(model, 1)).isEqualTo(first);
        assertThat(unguided(model, 2)).isNotEqualTo(first);
        assertThat(demo.context().shown())
                .filteredOn(UiItem.Text.class::isInstance)
                .hasSize(3);
    }

    private float[] unguided(DiffusionModel model, long seed) throws Exception {
        return new SampleRequest(
                        model, demo.prompt("a large red circle moving right on a navy background"), demo.latent())
                .seed(seed)
                .steps(2)
                .cfg(1)
                .preview(demo.vae())
                .run(demo.context())
                .latent()
                .samples()
                .toFloatArray();
    }

    @Test
    void aBitScheduleWithoutQuantizedActivationsIsPointedOut() throws Exception {
        demo.sample(
                demo.model(),
                Optional.of(new BitPlan(new Manual(List.of(8, 8, 8, 8, 4, 4, 4, 4)), "manual")),
                Optional.empty());

        assertThat(demo.context().statuses()).anyMatch(status -> status.contains("bit schedule has no effect"));
    }

    @Test
    void decodingRefusesForeignAndBrokenLatents() throws Exception {
        Latent wide = new Latent(Tensor.zeros(DType.F32, Shape.of(1, 48, 1, 4, 4)));
        Latent broken = new Latent(Tensor.zeros(DType.F32, Shape.of(1, 16, 1, 4, 4)));
        broken.samples().data().set(Tensor.FLOAT, 40, Float.NaN);

        assertRejected(
                "vae",
                () -> new DecodeVAE().run(new DecodeVAE.Inputs(wide, demo.vae(), new Tiles(0, 0)), demo.context()),
                "16 channels",
                "has 48");
        assertRejected(
                "samples",
                () -> new DecodeVAE().run(new DecodeVAE.Inputs(broken, demo.vae(), new Tiles(0, 0)), demo.context()),
                "NaN at element 10");
    }

    @Test
    void teaCacheTakesTheModelsPolynomialOrTheOneAskedFor() {
        WanTransformer wan = new WanTransformer(new WanConfig(16, 16, 1536, 8960, 12, 30, 4096, 256, 512, 0, false));
        WanTransformer small = new WanTransformer(new WanConfig(16, 16, 256, 1024, 8, 4, 128, 256, 16, 0, false));

        assertThat(cache("auto", 0, wan))
                .isEqualTo(dev.quantreel.engines.cache.TeaCache.of(TeaCacheProfile.WAN_T2V_1_3B));
        assertThat(cache("auto, retention", 0.2, wan))
                .isEqualTo(dev.quantreel.engines.cache.TeaCache.of(TeaCacheProfile.WAN_T2V_1_3B_RET, 0.2));
        assertThat(cache("auto", 0, small))
                .isEqualTo(dev.quantreel.engines.cache.TeaCache.of(TeaCacheProfile.IDENTITY));
        assertThat(cache("Wan2.1 T2V 14B", 0.3, small))
                .isEqualTo(dev.quantreel.engines.cache.TeaCache.of(TeaCacheProfile.WAN_T2V_14B, 0.3));
        assertRejected("profile", () -> cache("GPT", 0, small), "'GPT'", "auto", "Wan2.1 T2V 14B");
        assertRejected(
                "start", () -> new TeaCache.Inputs("auto", 0, 0.8, 0.2, "", CacheSignal.TIME_EMBEDDING), "0.8", "0.2");
    }

    private StepCache cache(String profile, double threshold, WanTransformer config) {
        return new TeaCache()
                .run(new TeaCache.Inputs(profile, threshold, 0, 1, "", CacheSignal.TIME_EMBEDDING), demo.context())
                .cache()
                .resolve(new CachePlan.Target(config.facts(), new LatentSize(21, 60, 104), 50, false));
    }

    @ParameterizedTest
    @CsvSource({"ONNX_RUNTIME, INPUT, true", "ONNX_RUNTIME, FIXED, true", "ONNX_RUNTIME, INPUT, false"})
    void exportsFourFilesAndEqualModelsGiveEqualBytes(
            ExportONNX.Operators operators, ExportONNX.ActivationBits bits, boolean quantized) throws Exception {
        DiffusionModel model = quantized
                ? demo.arq(demo.bgr(demo.model(), 4), ARQActivation.Mode.TOKEN, ARQActivation.Bits.FOUR)
                : demo.model();
        ExportONNX.Inputs inputs = new ExportONNX.Inputs(model, "onnx/m", operators, bits);
        ExportONNX.Outputs first = new ExportONNX().run(inputs, demo.context());
        ExportONNX.Outputs second = new ExportONNX().run(inputs, demo.context());

        for (String part : List.of("text", "prelude", "trunk", "head")) {
            Path file = Path.of(first.path() + "." + part + ".onnx");
            assertThat(file).isNotEmptyFile();
            assertThat(Files.mismatch(file, Path.of(second.path() + "." + part + ".onnx")))
                    .isEqualTo(-1);
        }
        long trunkBytes = Files.size(Path.of(first.path() + ".trunk.onnx"));
        // 4 blocks of 6 square linears and 2 of the feed-forward network; keys and values of the text lie elsewhere.
        long weights = 4L * (6 * 256 * 256 + 2 * 256 * 1024);
        assertThat(trunkBytes).isBetween(quantized ? weights / 2 : 4 * weights, quantized ? weights : 5 * weights);
        assertThat(demo.context().shown()).hasSize(10);
    }

    @Test
    void exportsTypedFormsWithProfilesAndSaysWhatTensorRtWould() throws Exception {
        DiffusionModel model = demo.bgr(demo.model(), 4);
        ExportONNX.Inputs inputs = new ExportONNX.Inputs(
                model,
                "onnx/typed",
                ExportONNX.Operators.ONNX_RUNTIME,
                ExportONNX.ActivationBits.INPUT,
                ExportONNX.Product.INT4,
                ComputePrecision.BF16,
                TensorRtTarget.TENSORRT_11,
                "64x64x9");
        ExportONNX.Outputs outputs = new ExportONNX().run(inputs, demo.context());

        assertThat(Path.of(outputs.path() + ".trunk.onnx")).isNotEmptyFile();
        assertThat(Path.of(outputs.path() + ".trunk.onnx.profile.json")).isNotEmptyFile();
        assertThat(outputs.report())
                .contains("W4A16", "TensorRT 11 lint", "green", "recoding   none", "together")
                .doesNotContain("refused");
        assertRejected(
                "form",
                () -> new ExportONNX()
                        .run(
                                new ExportONNX.Inputs(
                                        demo.model(),
                                        "onnx/typed",
                                        ExportONNX.Operators.ONNX_RUNTIME,
                                        ExportONNX.ActivationBits.INPUT,
                                        ExportONNX.Product.QDQ_INT8,
                                        ComputePrecision.BF16,
                                        TensorRtTarget.TENSORRT_11,
                                        ""),
                                demo.context()),
                "full precision",
                "quantize it first");
    }
}
