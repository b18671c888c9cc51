package dev.quantreel.engines.dit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.quantreel.engines.dit.QuantizedLinears.Arithmetic;
import dev.quantreel.engines.lowrank.FrameFactors;
import dev.quantreel.engines.lowrank.LowRankBranch;
import dev.quantreel.engines.lowrank.LowRankBranch.Basis;
import dev.quantreel.engines.lowrank.LowRankBranches;
import dev.quantreel.engines.lowrank.ReferenceBranch;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.quant.ActivationMatrix;
import dev.quantreel.engines.quant.LayerRule;
import dev.quantreel.engines.quant.QuantizationPlan;
import dev.quantreel.engines.quant.QuantizationProgress;
import dev.quantreel.engines.quant.QuantizedWeights;
import dev.quantreel.engines.quant.SyntheticData;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.runtime.Engine;
import dev.quantreel.engines.runtime.EngineProvider.EngineOptions;
import dev.quantreel.engines.runtime.Session;
import dev.quantreel.engines.runtime.ort.OrtEngineProvider;
import dev.quantreel.engines.runtime.reference.ReferenceEngineProvider;
import dev.quantreel.engines.tensor.Checkpoint;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import dev.quantreel.engines.tensor.UnsupportedCheckpointException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LowRankLinearsTest {

    private static final int BATCH = 2;
    private static final int TOKENS = 5;
    private static final int IN = 256;
    private static final int OUT = 240;
    private static final Engine ORT = new OrtEngineProvider().create(new EngineOptions(1));
    private static final Engine INTERPRETER = new ReferenceEngineProvider().create(EngineOptions.DEFAULTS);
    private static final Checkpoint WEIGHTS = SyntheticData.linears(OUT, IN, "q", "k", "v");
    private static final float[] X = SyntheticData.gaussian(BATCH * TOKENS * IN, 1, 8);

    /// `v` is kept.
    private static final QuantizedWeights QUANTIZED = QuantizedWeights.of(
            WEIGHTS,
            QuantizationPlan.DVD_QUANT.withLayers(new LayerRule("^v$")),
            List.of("q", "k", "v"),
            QuantizationProgress.NONE,
            CancellationToken.NONE);

    private static LinearLayers floats() {
        return new FloatLinears(new FloatWeights(WEIGHTS));
    }

    private static LinearLayers quantized() {
        return QuantizedLinears.of(QUANTIZED, Arithmetic.INTEGER);
    }

    private static Tensor random(DType dtype, long seed, int rows, int columns) {
        return Conversions.fromF32(
                Tensor.of(Shape.of(rows, columns), SyntheticData.gaussian(rows * columns, 0.1, seed)), dtype);
    }

    private static LowRankBranch branch(int rank, Basis basis, DType dtype) {
        return new LowRankBranch(random(dtype, 11, rank, IN), random(dtype, 12, OUT, rank), 0.75f, basis);
    }

    private static OnnxModel model(LinearLayers linears, String... layers) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("linears");
        Value x = graph.input("x", DType.F32, Dim.of("batch"), Dim.of("tokens"), Dim.of(IN));
        linears.declareInputs(graph);
        LinearLayers.Input input = linears.prepare(graph, x, List.of(layers));
        for (String layer : layers) {
            Value y = linears.apply(graph, input, layer);
            graph.output(layer + ".y", y, DType.F32, Dim.of("batch"), Dim.of("tokens"), Dim.of(OUT));
        }
        return graph.build(Map.of());
    }

    private static float[] run(Engine engine, LinearLayers linears, String layer) {
        Map<String, Tensor> inputs = new LinkedHashMap<>(linears.inputs(4));
        inputs.put("x", Tensor.of(Shape.of(BATCH, TOKENS, IN), X));
        try (Session session = engine.open(model(linears, "q", "k", "v"))) {
            Map<String, Tensor> outputs = session.run(inputs, CancellationToken.NONE);
            return Objects.requireNonNull(outputs.get(layer + ".y")).toFloatArray();
        }
    }

    private static float[] rotated() {
        ActivationMatrix rotated = ActivationMatrix.of(IN, X)
                .rotated(QUANTIZED.rotation(QUANTIZED.matrix("q").orElseThrow()).orElseThrow());
        float[] values = new float[X.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = rotated.at(i / IN, i % IN);
        }
        return values;
    }

    private static void assertClose(float[] actual, float[] expected, float[] without) {
        double worst = 0;
        double change = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]));
            change = Math.max(change, Math.abs(expected[i] - without[i]));
        }
        assertThat(change).as("what the branches do").isGreaterThan(0.1);
        assertThat(worst).isLessThan(2e-5 * Math.max(1, change));
    }

    static Stream<Arguments> cases() {
        return Stream.of(ORT, INTERPRETER).flatMap(engine -> Stream.of(Basis.values())
                .flatMap(basis -> Stream.of(3, 72).flatMap(rank -> Stream.of(DType.F16, DType.BF16)
                        .map(dtype -> Arguments.of(engine.id(), engine, basis, rank, dtype)))));
    }

    /// Five tokens of three frames: the factors of frames 0, 0, 1, 1 and 2; a clip of ten frames takes those nearest.
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 10})
    void aBranchCountsDifferentlyInEachFrame(int frames) {
        List<Float> factors = IntStream.range(0, frames).mapToObj(i -> 1.5f - i).toList();
        LowRankBranch plain = branch(3, Basis.ORIGINAL, DType.F16);
        LowRankBranch branch =
                new LowRankBranch(plain.down(), plain.up(), plain.factor(), Basis.ORIGINAL, new FrameFactors(factors));
        float[] without = run(ORT, quantized(), "q");
        float[] expected = without.clone();
        for (int clip = 0; clip < BATCH; clip++) {
            float[] x = Arrays.copyOfRange(X, clip * TOKENS * IN, (clip + 1) * TOKENS * IN);
            float[] y = Arrays.copyOfRange(expected, clip * TOKENS * OUT, (clip + 1) * TOKENS * OUT);
            ReferenceBranch.add(branch, x, y);
            System.arraycopy(y, 0, expected, clip * y.length, y.length);
        }

        LinearLayers linears = LowRankLinears.of(quantized(), LowRankBranches.of(Map.of("q", List.of(branch))));

        assertClose(run(ORT, linears, "q"), expected, without);
        assertClose(run(INTERPRETER, linears, "q"), expected, without);
        assertThat(new FrameFactors(List.of(1f, 2f, 3f)).of(3, TOKENS)).isEqualTo(2);
        assertThat(new FrameFactors(List.of(1f, 2f, 3f)).of(4, TOKENS)).isEqualTo(3);
    }

    /// Rank 72 is streamed, rank 3 is not.
    @ParameterizedTest(name = "{0}, {2}, rank {3}, {4}")
    @MethodSource("cases")
    void aBranchAddsItsProductBesideQuantizedWeights(String id, Engine engine, Basis basis, int rank, DType dtype) {
        LowRankBranch branch = branch(rank, basis, dtype);
        float[] without = run(engine, quantized(), "q");
        float[] expected = without.clone();
        ReferenceBranch.add(branch, basis == Basis.ORIGINAL ? X : rotated(), expected);

        LinearLayers linears = LowRankLinears.of(quantized(), LowRankBranches.of(Map.of("q", List.of(branch))));

        assertClose(run(engine, linears, "q"), expected, without);
        assertThat(run(engine, linears, "k")).isEqualTo(run(engine, quantized(), "k"));
        assertThat(model(linears, "q").streamed()).hasSize(rank == 72 ? 2 : 0);
    }

    @ParameterizedTest
    @EnumSource
    void besideKeptAndFullPrecisionLayersBothBasesAreTheOriginal(Basis basis) {
        LowRankBranch branch = branch(8, basis, DType.F16);
        LowRankBranches branches = LowRankBranches.of(Map.of("v", List.of(branch)));
        for (LinearLayers base : List.of(quantized(), floats())) {
            float[] without = run(ORT, base, "v");
            float[] expected = without.clone();
            ReferenceBranch.add(branch, X, expected);

            assertClose(run(ORT, LowRankLinears.of(base, branches), "v"), expected, without);
        }
    }

    @Test
    void branchesOfDifferentRanksAndBasesAddUp() {
        LowRankBranch lora = branch(72, Basis.ORIGINAL, DType.F16);
        LowRankBranch residual = branch(16, Basis.QUANTIZED, DType.BF16);
        LowRankBranches branches =
                LowRankBranches.of(Map.of("q", List.of(lora))).plus(LowRankBranches.of(Map.of("q", List.of(residual))));
        float[] without = run(ORT, quantized(), "q");
        float[] expected = without.clone();
        ReferenceBranch.add(lora, X, expected);
        ReferenceBranch.add(residual, rotated(), expected);

        assertClose(run(ORT, LowRankLinears.of(quantized(), branches), "q"), expected, without);
    }

    @Test
    void partsOfAFusedMatrixShareTheProductWithTheirCommonFactor() {
        LowRankBranch whole = branch(72, Basis.ORIGINAL, DType.F16);
        LowRankBranch part = new LowRankBranch(whole.down(), random(DType.F16, 13, OUT, 72), 0.75f, Basis.ORIGINAL);
        LowRankBranches branches = LowRankBranches.of(Map.of("q", List.of(whole), "k", List.of(part)));

        OnnxModel model = model(LowRankLinears.of(floats(), branches), "q", "k", "v");

        assertThat(model.streamed()).containsExactlyInAnyOrder("q.branch.down", "q.branch.up", "k.branch.up");
        assertThat(model.weights().get("q.branch.down")).isSameAs(whole.down());
        assertThat(model.proto().getGraph().getNodeList().stream()
                        .filter(node -> node.getOpType().equals("MatMul"))
                        .count())
                .isEqualTo(3 + 3);
    }

    /// ONNX Runtime runs what depends on weights alone before everything else, and keeps it.
    @Test
    void nothingIsComputedFromAStreamedWeightAlone() {
        LowRankBranches branches = LowRankBranches.of(Map.of("q", List.of(branch(72, Basis.QUANTIZED, DType.BF16))));
        OnnxModel model = model(LowRankLinears.of(quantized(), branches), "q");
        Set<String> afterActivation = new HashSet<>(Set.of("x"));
        Set<String> afterWeight = new HashSet<>(model.streamed());
        for (NodeProto node : model.proto().getGraph().getNodeList()) {
            boolean follows = node.getInputList().stream().anyMatch(afterActivation::contains);
            if (follows) {
                afterActivation.addAll(node.getOutputList());
            }
            if (node.getInputList().stream().anyMatch(afterWeight::contains)) {
                afterWeight.addAll(node.getOutputList());
                assertThat(follows).as(node.getName()).isTrue();
            }
        }
        assertThat(afterWeight).contains("q.y");
    }

    @Test
    void withoutBranchesTheLinearsAreThemselves() {
        LinearLayers linears = floats();
        assertThat(LowRankLinears.of(linears, LowRankBranches.NONE)).isSameAs(linears);
    }

    @Test
    void whatTheLinearsBeneathSayOfActivationsStaysTrue() {
        LowRankBranches branches = LowRankBranches.of(Map.of("q", List.of(branch(3, Basis.ORIGINAL, DType.F16))));
        LinearLayers beneath = quantized();
        LinearLayers linears = LowRankLinears.of(beneath, branches);
        assertThat(linears.activations()).isPresent().isEqualTo(beneath.activations());
        assertThat(linears.inputs(4).keySet()).isEqualTo(beneath.inputs(4).keySet());
    }

    @Test
    void damagedMatricesAndForeignInputsNameTheLayer() {
        Tensor down = random(DType.F32, 1, 72, IN);
        down.data().set(Tensor.FLOAT, 0, Float.POSITIVE_INFINITY);
        LowRankBranch damaged = new LowRankBranch(
                Conversions.fromF32(down, DType.BF16), random(DType.BF16, 2, OUT, 72), 1, Basis.ORIGINAL);
        LinearLayers linears = LowRankLinears.of(floats(), LowRankBranches.of(Map.of("q", List.of(damaged))));

        assertThatExceptionOfType(UnsupportedCheckpointException.class)
                .isThrownBy(() -> model(linears, "q"))
                .withMessageContaining("q.branch.down");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> linears.apply(OnnxGraphBuilder.create("g"), new LinearLayers.Input() {}, "q"))
                .withMessageContaining("layer q");
    }
}
