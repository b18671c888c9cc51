package dev.quantreel.engines.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quantreel.engines.cache.StepCache;
import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.DiffusionTransformer.Form;
import dev.quantreel.engines.dit.DiffusionTransformer.Modulation;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.evaluation.DemoModel;
import dev.quantreel.engines.export.lint.LintReport;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.metrics.Psnr;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.InputPlan;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.SmoothingPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.FlowSampler;
import dev.quantreel.engines.sampling.SamplerSettings;
import dev.quantreel.engines.sampling.SamplingListener;
import dev.quantreel.engines.sampling.TorchNoise;
import dev.quantreel.engines.schedule.Constant;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.video.Frames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The demo model, written to files, read again and sampled with: the same video as natively.
class ExportedDemoTest {

    private static final Path MODELS = Path.of("..", "workflows", "demo-models");
    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final int STEPS = 4;
    private static Engine engine;
    private static DemoModel demo;

    private final Path folder;

    ExportedDemoTest(@TempDir Path folder) {
        this.folder = folder;
    }

    @BeforeAll
    static void open() {
        engine = new OrtEngineProvider().create(EngineOptions.DEFAULTS);
        demo = DemoModel.open(
                engine,
                new DemoModel.Files(
                        MODELS.resolve("diffusion_models/quantreel_demo_dit_bf16.safetensors"),
                        MODELS.resolve("text_encoders/quantreel_demo_umt5_bf16.safetensors"),
                        MODELS.resolve("vae/quantreel_demo_taehv_bf16.safetensors")));
    }

    @AfterAll
    static void close() {
        demo.close();
        engine.close();
    }

    /// Integers are those of the native graphs of the same operators. INT8 graphs round what comes before a
    /// code differently, as ONNX Runtime's fused operators do: a code that falls to its neighbour moves others,
    /// until all differ as much as the native path does with and without fused operators.
    @Test
    void theSameVideoInIntegersAndInInt8() throws IOException {
        QuantizedWeights weights = quantized(QuantizationPlan.DVD_QUANT);
        Tensor natively = sample(unfused(weights), linears(weights), STEPS);
        Tensor fused = sample(engine, linears(weights), STEPS);
        Frames video = demo.decode(natively, NONE);
        double rounding = LatentMetrics.relativeL2(fused, natively);
        double between = Psnr.of(video, demo.decode(fused, NONE)).ofClip();

        OnnxExport.Result integers = export(weights, ExportSettings.of(ExportForm.INTEGER, ComputePrecision.FP32));
        Tensor exact = sample(new ExportedEngine(engine, read(integers, "integer")), integers.linears(), STEPS);
        assertThat(LatentMetrics.relativeL2(exact, natively)).isLessThan(1e-5);
        assertThat(Psnr.of(video, demo.decode(exact, NONE)).ofClip()).isGreaterThan(60);

        OnnxExport.Result int8 = export(weights, ExportSettings.of(ExportForm.QDQ_INT8, ComputePrecision.FP32));
        Tensor close = sample(new ExportedEngine(engine, read(int8, "int8")), int8.linears(), STEPS);
        assertThat(LatentMetrics.relativeL2(close, natively)).isLessThan(1.5 * rounding);
        assertThat(Psnr.of(video, demo.decode(close, NONE)).ofClip()).isGreaterThan(between - 3);
    }

    /// The native linears in graphs without fused operators.
    private static ExportedEngine unfused(QuantizedWeights weights) {
        return new ExportedEngine(
                engine,
                demo
                        .transformer()
                        .graphs(linears(weights), new TransformerCheckpoint.Options(Dialect.STANDARD, Set.of()))
                        .all()
                        .stream()
                        .collect(Collectors.toMap(OnnxModel::name, model -> model)));
    }

    private Map<String, OnnxModel> read(OnnxExport.Result result, String name) throws IOException {
        ClipRange range = ClipRange.parse("64x64x9", "", demo.transformer().facts());
        Map<String, OptimizationProfile> profiles = ProfileShapes.of(demo.transformer(), result.graphs(), range);
        List<ExportFiles.Written> written = new ExportFiles(folder.resolve(name), part -> part)
                .write(result, profiles, TensorRtTarget.TENSORRT_10_15, ExportFiles.Progress.NONE, NONE);
        Map<String, OnnxModel> graphs = new HashMap<>();
        for (ExportFiles.Written file : written) {
            assertThat(file.lint().map(LintReport::isGreen)).isNotEqualTo(Optional.of(false));
            assertThat(OptimizationProfile.read(OptimizationProfile.beside(file.file()))
                            .inputs())
                    .isNotEmpty();
            OnnxModel model = OnnxFiles.read(file.file());
            graphs.put(model.name(), model);
        }
        try (Stream<Path> files = Files.list(folder.resolve(name))) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())))
                    .containsExactlyInAnyOrder(
                            "text.onnx",
                            "text.onnx.profile.json",
                            "prelude.onnx",
                            "prelude.onnx.profile.json",
                            "trunk.onnx",
                            "trunk.onnx.profile.json",
                            "head.onnx",
                            "head.onnx.profile.json");
        }
        return graphs;
    }

    /// Methods, and how far INT8 may be from the native path at 8 bits beyond rounding: not at all where the
    /// plan's 8-bit codes are those of a constant scale.
    static Stream<Arguments> plans() {
        InputPlan rotated = QuantizationPlan.DVD_QUANT.input();
        return Stream.of(
                Arguments.of("DVD-Quant", QuantizationPlan.DVD_QUANT, 0),
                Arguments.of("MinMax", QuantizationPlan.MIN_MAX, 0.03),
                Arguments.of("MinMax W8", QuantizationPlan.MIN_MAX.withWeights(new WeightQuantizer.MinMax(), 8), 0.03),
                Arguments.of(
                        "SVDQuant branches",
                        QuantizationPlan.DVD_QUANT.withWeights(
                                new WeightPlan(new WeightQuantizer.Bgr(), 4).with(new BranchPlan.LowRank(8, 1))),
                        0),
                Arguments.of(
                        "groups",
                        QuantizationPlan.DVD_QUANT.withWeights(
                                new WeightPlan(new WeightQuantizer.Bgr(), 4, new Granularity.PerGroup(64))),
                        0.02),
                Arguments.of(
                        "group multiples",
                        QuantizationPlan.DVD_QUANT.withWeights(
                                new WeightPlan(new WeightQuantizer.Bgr(), 4, new Granularity.GroupMultiples(64))),
                        0),
                Arguments.of("mean split", QuantizationPlan.DVD_QUANT.withInputs(rotated.withMeanSplit(true)), 0),
                Arguments.of(
                        "centroids",
                        QuantizationPlan.DVD_QUANT
                                .withWeights(new WeightQuantizer.LloydMaxRows(), 4)
                                .withActivations(rotated.rotation(), new ActivationQuantizer.Centroids()),
                        0.03),
                Arguments.of(
                        "outputs of a GELU without a sign",
                        QuantizationPlan.DVD_QUANT.withActivations(
                                new RotationPlan.None(),
                                new ActivationQuantizer.GeluAware(new ActivationQuantizer.Block(64), 64)),
                        0.03));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("plans")
    void everyMethodHasAForm(String name, QuantizationPlan plan, double bound) {
        QuantizedWeights weights = quantized(plan);
        Tensor natively = sample(unfused(weights), linears(weights), 1);
        double rounding = LatentMetrics.relativeL2(sample(engine, linears(weights), 1), natively);
        for (ExportForm form : List.of(ExportForm.INTEGER, ExportForm.QDQ_INT8)) {
            OnnxExport.Result result = export(weights, ExportSettings.of(form, ComputePrecision.FP32));
            Tensor exported = sample(ExportedEngine.of(engine, result), result.linears(), 1);

            assertThat(LatentMetrics.relativeL2(exported, natively))
                    .as(name + " as " + form + ", rounding " + rounding)
                    .isLessThan(form == ExportForm.INTEGER ? 1e-5 : bound + 1.5 * rounding);
        }
        OnnxExport.Result int4 = export(weights, ExportSettings.of(ExportForm.INT4, ComputePrecision.BF16));
        assertThat(int4.report().lines()).anyMatch(line -> line.contains("W4A16"));
        boolean table = plan.weights() instanceof WeightQuantizer.LloydMaxRows;
        assertThat(int4.report().recoded().isEmpty()).isEqualTo(!table);
        if (table) {
            assertThatThrownBy(() -> export(
                            weights,
                            ExportSettings.of(ExportForm.INT4, ComputePrecision.BF16)
                                    .with(RecodingPolicy.REFUSE)))
                    .hasMessageContaining("have no exact place in INT4");
        }
    }

    @Test
    void whatHasNoFormIsRefusedWithWhatHas() {
        QuantizationPlan ofInput = QuantizationPlan.MIN_MAX.withInputs(
                QuantizationPlan.MIN_MAX.input().with(new SmoothingPlan.OfInput(0.5)));
        QuantizedWeights anew = quantized(ofInput);
        assertThatThrownBy(() -> export(anew, ExportSettings.of(ExportForm.QDQ_INT8, ComputePrecision.BF16)))
                .hasMessageContaining("smoothing by the very input")
                .hasMessageContaining("the form integer");
        QuantizedWeights weightOnly = quantized(QuantizationPlan.DVD_QUANT.withActivations(
                new RotationPlan.None(), new ActivationQuantizer.FullPrecision()));
        assertThatThrownBy(() -> export(weightOnly, ExportSettings.of(ExportForm.FP8, ComputePrecision.BF16)))
                .hasMessageContaining("keeps activations in floating point")
                .hasMessageContaining("int4");
        ExportSource plain = new ExportSource(demo.transformer(), Optional.empty(), LowRankBranches.NONE, true);
        assertThatThrownBy(() -> new OnnxExport(
                                plain,
                                ExportSettings.of(ExportForm.INT4, ComputePrecision.BF16),
                                UnaryOperator.identity(),
                                NONE)
                        .build())
                .hasMessageContaining("quantize it first");
        assertThatThrownBy(() -> ClipRange.parse("64x64", "", demo.transformer().facts()))
                .hasMessageContaining("the size is 64x64")
                .hasMessageContaining("multiples of 8");
        assertThatThrownBy(() -> ClipRange.parse(
                        "64x64x9,96x96x9", "", demo.transformer().facts()))
                .hasMessageContaining("one, or three");
    }

    @Test
    void nothingIsLeftOfWhatWasStopped() throws IOException {
        OnnxExport.Result result = export(
                quantized(QuantizationPlan.DVD_QUANT), ExportSettings.of(ExportForm.QDQ_INT8, ComputePrecision.BF16));
        int[] asked = {0};
        CancellationToken second = new CancellationToken() {
            @Override
            public boolean cancelled() {
                return asked[0]++ >= 2;
            }

            @Override
            public Registration onCancel(Runnable hook) {
                return () -> {};
            }
        };

        assertThatThrownBy(() -> new ExportFiles(folder.resolve("stopped"), part -> part)
                        .write(result, Map.of(), TensorRtTarget.TENSORRT_11, ExportFiles.Progress.NONE, second))
                .isInstanceOf(CancellationException.class);
        try (Stream<Path> files = Files.list(folder.resolve("stopped"))) {
            assertThat(files).isEmpty();
        }
    }

    private static QuantizedWeights quantized(QuantizationPlan plan) {
        TransformerCheckpoint checkpoint = demo.transformer();
        return QuantizedWeights.of(
                        checkpoint.asPlanned(plan), plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE)
                .withModulations(
                        checkpoint.architecture().modulationLinears(),
                        checkpoint.architecture()::modulationBits,
                        QuantizationProgress.NONE,
                        NONE);
    }

    private static LinearLayers linears(QuantizedWeights weights) {
        return LowRankLinears.of(QuantizedLinears.of(weights, Arithmetic.INTEGER), weights.branches());
    }

    private static OnnxExport.Result export(QuantizedWeights weights, ExportSettings settings) {
        ExportSource source = new ExportSource(demo.transformer(), Optional.of(weights), LowRankBranches.NONE, true);
        return new OnnxExport(source, settings, UnaryOperator.identity(), NONE).build();
    }

    private static Tensor sample(Engine runs, LinearLayers linears, int steps) {
        SamplerSettings usual = demo.settings();
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                runs,
                demo.transformer(),
                linears,
                LayerProbe.NONE,
                new Form(Blocks.ONE_BRANCH, Modulation.EVERY_STEP))) {
            return new FlowSampler(
                            transformer.bind(
                                    BranchConditioning.of(demo.encode("a red circle moves to the right")),
                                    BranchConditioning.of(demo.encode(""))),
                            new SamplerSettings(steps, usual.cfg(), usual.schedule()),
                            new Constant(8),
                            new StepCache.None())
                    .sample(TorchNoise.gaussian(7, demo.latentShape()), new SamplingListener() {}, NONE)
                    .latent();
        }
    }
}
