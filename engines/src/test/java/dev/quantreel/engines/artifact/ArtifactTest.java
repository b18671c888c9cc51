package dev.quantreel.engines.artifact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.quantreel.engines.checkpoint.CheckpointFile;
import dev.quantreel.engines.checkpoint.CheckpointFiles;
import dev.quantreel.engines.dit.LinearLayers;
import dev.quantreel.engines.dit.LowRankLinears;
import dev.quantreel.engines.dit.QuantizedLinears;
import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.dit.TinyTransformer;
import dev.quantreel.engines.dit.TransformerCheckpoint;
import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.metrics.LatentMetrics;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.BranchPlan;
import dev.quantreel.engines.quant.Granularity;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.RotationPlan;
import dev.quantreel.engines.quant.WeightPlan;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.MemoryCheckpoint;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactTest {

    private static final Engine ENGINE = new OrtEngineProvider().create(new EngineOptions(1));
    private static final TinyTransformer WAN = new TinyTransformer("wan_t2v_comfy.safetensors", 3);
    private static final TinyTransformer HUNYUAN = new TinyTransformer("hunyuan_video_diffusers.safetensors", 3);

    private final Path target;

    ArtifactTest(@TempDir Path folder) {
        this.target = folder.resolve("out.safetensors");
    }

    private static Recipe recipe(int bits) {
        QuantizationPlan plan = QuantizationPlan.DVD_QUANT;
        return new Recipe("test", plan.withWeights(plan.weights(), bits), 8);
    }

    private static ArtifactWriter.Document document(TransformerCheckpoint source, Recipe recipe) {
        return new ArtifactWriter.Document(
                recipe, new ArtifactSource(source.source(), source.digest(), 1234, "test, f32"), "Quantreel test");
    }

    private void write(TransformerCheckpoint source, Recipe recipe) {
        write(source, recipe, ArtifactWriter.Watch.NONE);
    }

    private void write(TransformerCheckpoint source, Recipe recipe, ArtifactWriter.Watch watch) {
        ArtifactWriter.write(
                new ArtifactWriter.Source(source, source, source.digest()), target, document(source, recipe), watch);
    }

    private static QuantizedWeights inMemory(TransformerCheckpoint source, QuantizationPlan plan) {
        return QuantizedWeights.of(
                        source, plan, source.blockLinears(), QuantizationProgress.NONE, CancellationToken.NONE)
                .withModulations(
                        source.architecture().modulationLinears(),
                        source.architecture()::modulationBits,
                        QuantizationProgress.NONE,
                        CancellationToken.NONE);
    }

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.dit.TransformerFamiliesTest#transformers")
    void everyFamilyRunsFromItsArtifactAsFromTheOriginalQuantizedInMemory(TinyTransformer tiny) {
        TransformerCheckpoint source = tiny.checkpoint();
        Recipe recipe = recipe(4);
        write(source, recipe);

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            TransformerCheckpoint opened = TransformerCheckpoint.of(file);
            Artifact artifact = Artifact.of(file.stored()).orElseThrow();
            assertThat(opened.architecture()).isEqualTo(source.architecture());
            assertThat(file.format().precision()).isEqualTo("quantized test, W4A8");
            QuantizedWeights expected = inMemory(source, recipe.plan());
            QuantizedWeights actual = artifact.weights(opened, recipe.plan(), CancellationToken.NONE);
            assertSame(expected.matrices(), actual.matrices());
            assertSame(expected.modulations(), actual.modulations());
            Tensor here = tiny.prediction(ENGINE, QuantizedLinears.of(expected, Arithmetic.INTEGER));
            Tensor there = tiny.prediction(ENGINE, opened, QuantizedLinears.of(actual, Arithmetic.INTEGER));
            assertThat(LatentMetrics.relativeL2(there, here)).isZero();
        }
    }

    private static void assertSame(Map<String, QuantizedMatrix> expected, Map<String, QuantizedMatrix> actual) {
        assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
        expected.forEach((layer, matrix) -> {
            QuantizedMatrix other = Objects.requireNonNull(actual.get(layer));
            assertThat(bytes(other.codes())).isEqualTo(bytes(matrix.codes()));
            assertThat(bytes(other.steps())).isEqualTo(bytes(matrix.steps()));
            assertThat(bytes(other.zeroPoints())).isEqualTo(bytes(matrix.zeroPoints()));
            assertThat(bytes(other.grids().multipliers()))
                    .isEqualTo(bytes(matrix.grids().multipliers()));
            assertThat(other.grids().values()).isEqualTo(matrix.grids().values());
            assertThat(other.error()).isEqualTo(matrix.error());
        });
    }

    private static byte[] bytes(Tensor tensor) {
        return tensor.data().toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 7, 8})
    void codesOfEveryWidthSurvive(int bits) {
        TransformerCheckpoint source = WAN.checkpoint();
        write(source, recipe(bits));

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            Artifact artifact = Artifact.of(file.stored()).orElseThrow();
            QuantizedWeights actual = artifact.weights(
                    TransformerCheckpoint.of(file), recipe(bits).plan(), CancellationToken.NONE);
            assertSame(inMemory(source, recipe(bits).plan()).matrices(), actual.matrices());
        }
    }

    @ParameterizedTest
    @MethodSource("weightPlans")
    void gridsOfEveryKindSurvive(WeightPlan weight) {
        TransformerCheckpoint source = WAN.checkpoint();
        LayerRule bits = new LayerRule(
                "", new LayerRule.Edge(1, 0), LayerRule.Edge.NONE, List.of(new LayerRule.LayerBits("self_attn", 3)));
        Recipe grouped = new Recipe("", recipe(4).plan().withWeights(weight).withLayers(bits), 8);
        write(source, grouped);

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            Artifact artifact = Artifact.of(file.stored()).orElseThrow();
            TransformerCheckpoint opened = TransformerCheckpoint.of(file);
            QuantizedWeights expected = inMemory(source, grouped.plan());
            QuantizedWeights actual = artifact.weights(opened, grouped.plan(), CancellationToken.NONE);
            assertSame(expected.matrices(), actual.matrices());
            Tensor here = WAN.prediction(ENGINE, QuantizedLinears.of(expected, Arithmetic.INTEGER));
            Tensor there = WAN.prediction(ENGINE, opened, QuantizedLinears.of(actual, Arithmetic.INTEGER));
            assertThat(LatentMetrics.relativeL2(there, here)).isZero();
        }
    }

    static List<WeightPlan> weightPlans() {
        return List.of(
                new WeightPlan(new WeightQuantizer.MinMax(), 4, new Granularity.PerTensor()),
                new WeightPlan(new WeightQuantizer.Pbq(), 4, new Granularity.PerGroup(16)),
                new WeightPlan(new WeightQuantizer.Bgr(), 4, new Granularity.GroupMultiples(16)),
                new WeightPlan(new WeightQuantizer.Hqq(), 4, new Granularity.PerGroup(16)),
                new WeightPlan(new WeightQuantizer.LloydMaxRows(), 4));
    }

    @Test
    void theLowNibbleIsTheEvenColumnsCode() {
        write(WAN.checkpoint(), recipe(4));

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            QuantizedMatrix matrix = Objects.requireNonNull(
                    inMemory(WAN.checkpoint(), recipe(4).plan()).matrices().get("blocks.0.ffn.0"));
            Tensor codes = file.stored().tensor("blocks.0.ffn.0.weight.codes");
            int rowBytes = matrix.columns() / 2;
            for (int row : new int[] {0, 1, matrix.rows() - 1}) {
                for (int column = 0; column < matrix.columns(); column++) {
                    int packed = codes.data().get(ValueLayout.JAVA_BYTE, (long) row * rowBytes + column / 2);
                    assertThat(packed >> 4 * (column % 2) & 0xF).isEqualTo(matrix.code(row, column));
                }
            }
        }
    }

    @Test
    void itIsAlsoAPlainCheckpointWhoseFloatsAreNearTheOriginal() {
        TransformerCheckpoint source = HUNYUAN.checkpoint();
        write(source, recipe(8));

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            TransformerCheckpoint opened = TransformerCheckpoint.of(file);
            assertThat(opened.layout()).isEqualTo("Quantreel");
            for (String name : source.names()) {
                Tensor expected = Conversions.toF32(source.tensor(name));
                Tensor actual = Conversions.toF32(opened.tensor(name));
                assertThat(actual.shape()).isEqualTo(expected.shape()).isEqualTo(opened.shape(name));
                assertThat(LatentMetrics.relativeL2(actual, expected)).as(name).isLessThan(0.01);
            }
        }
    }

    @Test
    void modulationsAreQuantizedWeightOnlyUnlessTheRuleKeepsThem() {
        TransformerCheckpoint source = HUNYUAN.checkpoint();
        QuantizationPlan plan = recipe(4).plan();
        QuantizedWeights all = inMemory(source, plan);
        QuantizedWeights kept = inMemory(source, plan.withLayers(new LayerRule("[._]mod|modulation")));

        assertThat(all.modulations().keySet())
                .containsExactlyElementsOf(source.architecture().modulationLinears())
                .isNotEmpty();
        assertThat(kept.modulations()).isEmpty();
        assertThat(kept.matrices().keySet())
                .containsExactlyElementsOf(all.matrices().keySet());
        assertThat(all.memory().ratio()).isGreaterThan(1.2 * kept.memory().ratio());
        Tensor quantized = HUNYUAN.prediction(ENGINE, QuantizedLinears.of(all, Arithmetic.INTEGER));
        Tensor floats = HUNYUAN.prediction(ENGINE, QuantizedLinears.of(kept, Arithmetic.INTEGER));
        assertThat(LatentMetrics.relativeL2(quantized, floats)).isBetween(1e-4, 0.3);
    }

    @Test
    void theProjectionOfWanThatFeedsAllBlocksHasEightBitsUnlessARuleNamesIt() {
        TransformerCheckpoint source = WAN.checkpoint();
        QuantizationPlan plan = recipe(3).plan();
        String layer = "time_projection.1";

        assertThat(inMemory(source, plan).modulations())
                .hasEntrySatisfying(layer, matrix -> assertThat(matrix.bits()).isEqualTo(8));
        LayerRule four = new LayerRule(
                "", LayerRule.Edge.NONE, LayerRule.Edge.NONE, List.of(new LayerRule.LayerBits("^time_projection", 4)));
        assertThat(inMemory(source, plan.withLayers(four)).modulations())
                .hasEntrySatisfying(layer, matrix -> assertThat(matrix.bits()).isEqualTo(4));
        assertThat(inMemory(source, plan.withLayers(new LayerRule("time_"))).modulations())
                .isEmpty();
    }

    /// The graph against plain Java: `y = x Ŵᵀ + b` for one row.
    @Test
    void aQuantizedModulationIsTheProductWithItsDequantizedWeight() {
        TransformerCheckpoint source = HUNYUAN.checkpoint();
        QuantizationPlan plan = recipe(4).plan();
        QuantizedWeights weights = inMemory(source, plan);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        source.names().forEach(name -> tensors.put(name, source.tensor(name)));
        weights.modulations().forEach((layer, matrix) -> {
            float[] values = new float[matrix.rows() * matrix.columns()];
            float[] row = new float[matrix.columns()];
            for (int r = 0; r < matrix.rows(); r++) {
                matrix.dequantizeRow(r, row);
                System.arraycopy(row, 0, values, r * row.length, row.length);
            }
            tensors.put(layer + ".weight", Tensor.of(source.shape(layer + ".weight"), values));
        });
        QuantizedWeights linearsAlone = QuantizedWeights.of(
                new MemoryCheckpoint("dequantized", tensors, source.metadata()),
                plan,
                source.blockLinears(),
                QuantizationProgress.NONE,
                CancellationToken.NONE);

        Tensor codes = HUNYUAN.prediction(ENGINE, QuantizedLinears.of(weights, Arithmetic.FAKE_QUANT));
        TransformerCheckpoint dequantized = TransformerCheckpoint.of(canonical(source, tensors));
        Tensor floats =
                HUNYUAN.prediction(ENGINE, dequantized, QuantizedLinears.of(linearsAlone, Arithmetic.FAKE_QUANT));

        assertThat(LatentMetrics.relativeL2(codes, floats)).isLessThan(1e-5);
    }

    private static Checkpoint canonical(TransformerCheckpoint source, Map<String, Tensor> tensors) {
        Map<String, String> metadata = new HashMap<>(source.metadata());
        metadata.put(TransformerCheckpoint.FAMILY_METADATA, source.family().title());
        return new MemoryCheckpoint("dequantized", tensors, metadata);
    }

    @Test
    void estimatesThatCountDifferentlyFromFrameToFrameAreSavedToo() {
        TransformerCheckpoint source = WAN.checkpoint();
        QuantizedWeights weights = inMemory(source, recipe(4).plan());
        String layer = "blocks.1.ffn.2";
        LowRankBranch estimate = new LowRankBranch(
                Conversions.fromF32(Tensor.of(Shape.of(1, 128), new float[128]), DType.F16),
                Conversions.fromF32(Tensor.of(Shape.of(1 * 64, 1), new float[64]), DType.F16),
                0.25f,
                LowRankBranch.Basis.QUANTIZED,
                new FrameFactors(List.of(1f, 0.5f, 2f)));
        LowRankBranches beside = LowRankBranches.of(Map.of(layer, List.of(estimate)));

        ArtifactWriter.write(
                source, weights.with(beside), target, document(source, recipe(4)), ArtifactWriter.Watch.NONE);

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            LowRankBranches read = Artifact.of(file.stored()).orElseThrow().branches();
            assertThat(read.byLayer()).containsOnlyKeys(layer);
            LowRankBranch branch = read.of(layer).getFirst();
            assertThat(branch.frames()).isEqualTo(estimate.frames());
            assertThat(branch.basis()).isEqualTo(LowRankBranch.Basis.QUANTIZED);
            assertThat(branch.factor()).isEqualTo(0.25f);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> weights.with(LowRankBranches.of(Map.of("head.head", List.of(estimate)))))
                .withMessageContaining("head.head, which is not quantized");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void branchesAreSavedWithTheWeightsAndRunBesideThem(boolean streamed) {
        TransformerCheckpoint source = WAN.checkpoint();
        QuantizationPlan plan = recipe(4).plan();
        Recipe recipe = new Recipe("", plan.withWeights(plan.weight().with(new BranchPlan.LowRank(4, 2))), 8);
        QuantizedWeights weights = inMemory(source, recipe.plan());
        if (streamed) {
            write(source, recipe);
        } else {
            ArtifactWriter.write(source, weights, target, document(source, recipe), ArtifactWriter.Watch.NONE);
        }

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            Artifact artifact = Artifact.of(file.stored()).orElseThrow();
            TransformerCheckpoint opened = TransformerCheckpoint.of(file);
            QuantizedWeights read = artifact.weights(opened, recipe.plan(), CancellationToken.NONE);
            LinearLayers bare = QuantizedLinears.of(read, Arithmetic.INTEGER);
            LinearLayers expected =
                    LowRankLinears.of(QuantizedLinears.of(weights, Arithmetic.INTEGER), weights.branches());
            Tensor prediction = WAN.prediction(ENGINE, opened, LowRankLinears.of(bare, read.branches()));
            assertThat(LatentMetrics.relativeL2(prediction, WAN.prediction(ENGINE, expected)))
                    .isZero();
            assertThat(LatentMetrics.relativeL2(WAN.prediction(ENGINE, opened, bare), prediction))
                    .isGreaterThan(1e-3);
            String layer = "blocks.0.ffn.0.weight";
            Tensor whole = Conversions.toF32(source.tensor(layer));
            assertThat(LatentMetrics.relativeL2(opened.tensor(layer), whole)).isLessThan(0.12);
        }
    }

    @Test
    void activationsMayBeChosenAnewWeightsMayNot() {
        write(WAN.checkpoint(), recipe(4));

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            Artifact artifact = Artifact.of(file.stored()).orElseThrow();
            TransformerCheckpoint opened = TransformerCheckpoint.of(file);
            QuantizationPlan plan = recipe(4).plan();
            QuantizationPlan tokens = plan.withActivations(plan.rotation(), new ActivationQuantizer.Token());
            assertThat(artifact.weights(opened, tokens, CancellationToken.NONE).plan())
                    .isEqualTo(tokens);
            for (QuantizationPlan other : List.of(
                    plan.withWeights(new WeightQuantizer.Pbq(), 4),
                    plan.withWeights(plan.weights(), 3),
                    plan.withActivations(new RotationPlan.None(), plan.activations()),
                    plan.withLayers(new LayerRule("ffn")))) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> artifact.weights(opened, other, CancellationToken.NONE))
                        .withMessageContaining("holds weights quantized as test, W4A8")
                        .withMessageContaining("Quantize wan_t2v_comfy.safetensors for other weights");
            }
        }
    }

    @Test
    void figuresAndSourceAreThere() {
        TransformerCheckpoint source = WAN.checkpoint();
        write(source, recipe(4));

        try (CheckpointFile file = CheckpointFiles.open(target)) {
            Artifact artifact = Artifact.of(file.stored()).orElseThrow();
            assertThat(artifact.header().recipe()).isEqualTo(recipe(4));
            assertThat(artifact.header().tool()).isEqualTo("Quantreel test");
            assertThat(artifact.header().source().bytes()).isEqualTo(1234);
            assertThat(artifact.isFrom(source.digest())).isTrue();
            assertThat(artifact.isFrom("0".repeat(64))).isFalse();
            ArtifactReport report = ArtifactReport.of(file).orElseThrow();
            assertThat(report.layers()).hasSize(source.blockLinears().size() + 1);
            assertThat(report.parameters()).isEqualTo(source.parameters());
            assertThat(report.ratio()).isCloseTo(2.0 * source.parameters() / report.tensorBytes(), within(1e-12));
            assertThat(report.relativeError()).isBetween(0.05, 0.15);
        }
    }
}
