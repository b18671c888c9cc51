package dev.quantreel.engines.export;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.dit.BranchConditioning;
import dev.quantreel.engines.dit.DiffusionTransformer;
import dev.quantreel.engines.dit.DiffusionTransformer.Blocks;
import dev.quantreel.engines.dit.DiffusionTransformer.Form;
import dev.quantreel.engines.dit.DiffusionTransformer.Modulation;
import dev.quantreel.engines.dit.FloatLinears;
import dev.quantreel.engines.dit.LatentSize;
import dev.quantreel.engines.dit.LayerProbe;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.export.lint.LintReport;
import dev.quantreel.engines.export.lint.TensorRtLint;
import dev.quantreel.engines.export.lint.TensorRtTarget;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.onnx.Dialect;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxValidation;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.sampling.SplitModel;
import dev.quantreel.engines.sampling.SplitModel.Branch;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every family in every form, run on ONNX Runtime's CPU beside what the native path computes.
class ExportedFamiliesTest {

    private static final CancellationToken NONE = CancellationToken.NONE;
    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));

    /// A few values that lie between two codes and fall to the other one, because what comes before them was
    /// rounded differently; without any the difference is 3e-7.
    private static final double FLIPS = 2e-3;

    static Stream<TinyTransformer> families() {
        return Stream.concat(
                Stream.of(
                        new TinyTransformer("wan_t2v_diffusers.safetensors", 2),
                        new TinyTransformer("wan_t2v_comfy.safetensors", 2)),
                TinyTransformer.besidesWan());
    }

    @AfterAll
    static void close() {
        ENGINE.close();
    }

    /// Beside the native linears in graphs of the same operators, so that both read the same inputs to the last
    /// bit; and beside the native path as it is, where a value that lies between two codes may fall to either.
    @ParameterizedTest
    @MethodSource("families")
    void theIntegerFormIsTheNativePathAtEveryBitWidth(TinyTransformer tiny) {
        QuantizedWeights weights = quantized(tiny.checkpoint(), QuantizationPlan.DVD_QUANT);
        ExportSettings settings = ExportSettings.of(ExportForm.INTEGER, ComputePrecision.FP32);
        OnnxExport.Result result = export(tiny, weights, settings);
        OnnxExport.Result fixed = export(tiny, weights, settings.withActivationBits(4));
        LinearLayers linears = QuantizedLinears.of(weights, Arithmetic.INTEGER);
        Engine unfused = new ExportedEngine(
                ENGINE,
                tiny
                        .checkpoint()
                        .graphs(linears, new TransformerCheckpoint.Options(Dialect.STANDARD, Set.of()))
                        .all()
                        .stream()
                        .collect(Collectors.toMap(OnnxModel::name, model -> model)));

        for (int bits : new int[] {4, 6, 8}) {
            Tensor exported = prediction(tiny, ExportedEngine.of(ENGINE, result), result.linears(), bits);
            assertThat(LatentMetrics.relativeL2(exported, prediction(tiny, unfused, linears, bits)))
                    .as("%d bits", bits)
                    .isLessThan(1e-6);
            assertThat(LatentMetrics.relativeL2(exported, prediction(tiny, ENGINE, linears, bits)))
                    .as("%d bits, native", bits)
                    .isLessThan(FLIPS);
        }
        assertThat(LatentMetrics.relativeL2(
                        prediction(tiny, ExportedEngine.of(ENGINE, fixed), fixed.linears(), 4),
                        prediction(tiny, unfused, linears, 4)))
                .isLessThan(1e-6);
        assertThat(result.graphs().values()).allSatisfy(ExportedFamiliesTest::hasStandardOperatorsAlone);
    }

    @ParameterizedTest
    @MethodSource("families")
    void int8AndInt4HoldThePlanExactly(TinyTransformer tiny) {
        QuantizedWeights weights = quantized(tiny.checkpoint(), QuantizationPlan.DVD_QUANT);
        OnnxExport.Result int8 = export(tiny, weights, ExportSettings.of(ExportForm.QDQ_INT8, ComputePrecision.FP32));
        Tensor natively = prediction(tiny, ENGINE, QuantizedLinears.of(weights, Arithmetic.INTEGER), 8);

        assertThat(LatentMetrics.relativeL2(
                        prediction(tiny, ExportedEngine.of(ENGINE, int8), int8.linears(), 8), natively))
                .isLessThan(FLIPS);
        assertThat(int8.report().recoded()).isEmpty();

        QuantizationPlan plan = QuantizationPlan.DVD_QUANT;
        QuantizedWeights sixteen = quantized(
                tiny.checkpoint(), plan.withActivations(plan.rotation(), new ActivationQuantizer.FullPrecision()));
        OnnxExport.Result int4 = export(tiny, sixteen, ExportSettings.of(ExportForm.INT4, ComputePrecision.FP32));
        assertThat(LatentMetrics.relativeL2(
                        prediction(tiny, ExportedEngine.of(ENGINE, int4), int4.linears(), 8),
                        prediction(tiny, ENGINE, QuantizedLinears.of(sixteen, Arithmetic.INTEGER), 8)))
                .isLessThan(FLIPS);
        assertThat(int4.report().recoded()).isEmpty();
    }

    /// E4M3 has four significant bits where INT8 has seven.
    @ParameterizedTest
    @MethodSource("families")
    void fp8StaysCloseAndPlainIsTheModel(TinyTransformer tiny) {
        QuantizedWeights weights = quantized(tiny.checkpoint(), QuantizationPlan.DVD_QUANT);
        OnnxExport.Result fp8 = export(tiny, weights, ExportSettings.of(ExportForm.FP8, ComputePrecision.FP32));
        OnnxExport.Result plain = export(tiny, weights, ExportSettings.of(ExportForm.PLAIN, ComputePrecision.FP32));

        assertThat(LatentMetrics.relativeL2(
                        prediction(tiny, ExportedEngine.of(ENGINE, fp8), fp8.linears(), 8),
                        prediction(tiny, ENGINE, QuantizedLinears.of(weights, Arithmetic.INTEGER), 8)))
                .isBetween(1e-4, 0.04);
        assertThat(LatentMetrics.relativeL2(
                        prediction(tiny, ExportedEngine.of(ENGINE, plain), plain.linears(), 8),
                        prediction(tiny, ENGINE, new FloatLinears(new FloatWeights(tiny.checkpoint())), 8)))
                .isLessThan(FLIPS);
    }

    @ParameterizedTest
    @MethodSource("families")
    void tensorRtTakesEveryTypedForm(TinyTransformer tiny) {
        QuantizedWeights weights = quantized(tiny.checkpoint(), QuantizationPlan.DVD_QUANT);
        ClipRange range = new ClipRange(
                new ClipRange.Clip(new LatentSize(tiny.frames(), 2, 2), 2),
                new ClipRange.Clip(new LatentSize(tiny.frames(), 4, 6), 5),
                new ClipRange.Clip(new LatentSize(tiny.frames(), 8, 8), 12));
        for (ExportForm form : List.of(ExportForm.QDQ_INT8, ExportForm.INT4, ExportForm.FP8, ExportForm.PLAIN)) {
            for (ComputePrecision precision : ComputePrecision.values()) {
                OnnxExport.Result result =
                        export(tiny, weights, ExportSettings.of(form, precision).withBothBranches(true));
                Map<String, OptimizationProfile> profiles = ProfileShapes.of(tiny.checkpoint(), result.graphs(), range);
                result.graphs().forEach((part, graph) -> {
                    OnnxValidation.check(graph);
                    hasStandardOperatorsAlone(graph);
                    for (TensorRtTarget target : TensorRtTarget.values()) {
                        LintReport report = TensorRtLint.check(
                                graph,
                                target,
                                Optional.of(ExportFiles.ranges(Objects.requireNonNull(profiles.get(part)))));
                        assertThat(report.isGreen())
                                .as(String.join("\n", report.lines()))
                                .isTrue();
                    }
                });
            }
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void theIntegerFormIsNotForTensorRt(TinyTransformer tiny) {
        QuantizedWeights weights = quantized(tiny.checkpoint(), QuantizationPlan.DVD_QUANT);
        OnnxExport.Result result = export(tiny, weights, ExportSettings.of(ExportForm.INTEGER, ComputePrecision.FP32));

        LintReport report = TensorRtLint.check(
                Objects.requireNonNull(result.graphs().get("trunk")), TensorRtTarget.TENSORRT_10_15, Optional.empty());

        assertThat(report.isGreen()).isFalse();
        assertThat(report.findings()).anySatisfy(finding -> {
            assertThat(finding.op()).isEqualTo("MatMulInteger");
            assertThat(finding.accepted()).contains("QuantizeLinear");
        });
    }

    /// What the samplers feed has the shapes that the profile says.
    @ParameterizedTest
    @MethodSource("families")
    void profilesAreTheShapesThatAreFed(TinyTransformer tiny) {
        QuantizedWeights weights = quantized(tiny.checkpoint(), QuantizationPlan.DVD_QUANT);
        OnnxExport.Result result = export(tiny, weights, ExportSettings.of(ExportForm.QDQ_INT8, ComputePrecision.FP32));
        ClipRange.Clip clip = new ClipRange.Clip(LatentSize.of(tiny.latent()), (int)
                prompt(tiny).text().context().shape().dim(1));
        Map<String, OptimizationProfile> profiles =
                ProfileShapes.of(tiny.checkpoint(), result.graphs(), ClipRange.fixed(clip));
        Map<String, List<OptimizationProfile.Input>> wanted = profiles.values().stream()
                .collect(Collectors.toMap(OptimizationProfile::model, OptimizationProfile::inputs));
        int[] checked = {0};
        Engine watching = new Engine() {
            @Override
            public String id() {
                return ENGINE.id();
            }

            @Override
            public String description() {
                return ENGINE.description();
            }

            @Override
            public Session open(OnnxModel model) {
                return watched(
                        ExportedEngine.of(ENGINE, result).open(model),
                        Objects.requireNonNull(wanted.get(model.name())),
                        checked);
            }

            @Override
            public void close() {}
        };

        prediction(tiny, watching, result.linears(), 8);

        assertThat(checked[0]).isGreaterThan(5);
    }

    private static Session watched(Session session, List<OptimizationProfile.Input> wanted, int[] checked) {
        return new Session() {
            @Override
            public List<String> inputs() {
                return session.inputs();
            }

            @Override
            public List<String> outputs() {
                return session.outputs();
            }

            @Override
            public Map<String, Tensor> run(Map<String, Tensor> inputs, CancellationToken cancellation) {
                for (OptimizationProfile.Input input : wanted) {
                    Tensor fed = Objects.requireNonNull(inputs.get(input.name()));
                    // What may be missing is missing here, and there in the clip that is tuned for.
                    assertThat(fed.shape().toList())
                            .as(input.name())
                            .isEqualTo(input.shape().min());
                    assertThat(input.shape().opt()).as(input.name()).doesNotContain(0L);
                    assertThat(fed.dtype()).isEqualTo(input.dtype());
                    checked[0]++;
                }
                return session.run(inputs, cancellation);
            }

            @Override
            public void close() {
                session.close();
            }
        };
    }

    private static void hasStandardOperatorsAlone(OnnxModel graph) {
        assertThat(graph.proto().getGraph().getNodeList())
                .extracting(NodeProto::getDomain)
                .containsOnly("");
        assertThat(graph.proto().getOpsetImportList()).hasSize(1);
    }

    static QuantizedWeights quantized(TransformerCheckpoint checkpoint, QuantizationPlan plan) {
        return QuantizedWeights.of(
                        checkpoint.asPlanned(plan), plan, checkpoint.blockLinears(), QuantizationProgress.NONE, NONE)
                .withModulations(
                        checkpoint.architecture().modulationLinears(),
                        checkpoint.architecture()::modulationBits,
                        QuantizationProgress.NONE,
                        NONE);
    }

    private static OnnxExport.Result export(TinyTransformer tiny, QuantizedWeights weights, ExportSettings settings) {
        ExportSource source = new ExportSource(tiny.checkpoint(), Optional.of(weights), LowRankBranches.NONE, true);
        return new OnnxExport(source, settings, UnaryOperator.identity(), NONE).build();
    }

    private static BranchConditioning prompt(TinyTransformer tiny) {
        return tiny.conditioning(
                12, Math.min(5, tiny.checkpoint().facts().text().length()));
    }

    static Tensor prediction(TinyTransformer tiny, Engine engine, LinearLayers linears, int bits) {
        try (DiffusionTransformer transformer = DiffusionTransformer.open(
                engine,
                tiny.checkpoint(),
                linears,
                LayerProbe.NONE,
                new Form(Blocks.ONE_BRANCH, Modulation.EVERY_STEP))) {
            SplitModel model = transformer.bind(prompt(tiny), tiny.conditioning(13, 4));
            SplitModel.Prelude prelude = model.prelude(tiny.latent(), 600, Branch.CONDITIONAL, NONE);
            return model.head(prelude, model.trunk(prelude, Branch.CONDITIONAL, bits, NONE), NONE);
        }
    }
}
