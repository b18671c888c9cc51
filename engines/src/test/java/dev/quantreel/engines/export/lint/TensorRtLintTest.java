package dev.quantreel.engines.export.lint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quantreel.engines.export.lint.RefusedGraphs.Bad;
import dev.quantreel.engines.export.lint.RefusedGraphs.Case;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.proto.Onnx.ModelProto;
import dev.quantreel.engines.onnx.proto.Onnx.OperatorSetIdProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorShapeProto;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Graphs that TensorRT refuses, each next to one that it takes.
class TensorRtLintTest {

    private static final Attributes AXIS_1 = Attributes.of("axis", 1);

    @ParameterizedTest
    @MethodSource("dev.quantreel.engines.export.lint.RefusedGraphs#all")
    void refusesAndNamesTheNode(Bad bad) {
        for (TensorRtTarget target : TensorRtTarget.values()) {
            LintReport report = TensorRtLint.check(model(bad.body()), target, Optional.empty());

            assertThat(report.isGreen()).as(bad.title()).isFalse();
            assertThat(report.findings()).anySatisfy(finding -> {
                assertThat(finding.severity()).isEqualTo(LintFinding.Severity.REFUSED);
                assertThat(finding.op()).isEqualTo(bad.op());
                assertThat(finding.node()).startsWith(bad.op());
                assertThat(finding.value()).contains(bad.value());
                assertThat(finding.accepted()).contains(bad.accepted());
            });
        }
    }

    @Test
    void takesWhatIsMadeForIt() {
        List<Function<Case, Value>> good = List.of(
                Case::activation,
                c -> c.op(
                        OnnxOp.MatMul,
                        c.activation(),
                        c.op(OnnxOp.DequantizeLinear, AXIS_1, c.codes(DType.I8, 128, 128), c.ones(128))),
                c -> c.op(OnnxOp.MatMul, c.x(), c.int4(64, 0, 2, 128)),
                c -> c.op(OnnxOp.MatMul, c.x(), c.int4(128, 1, 128, 1)),
                c -> c.op(OnnxOp.Softmax, Attributes.of("axis", -1), c.op(OnnxOp.Gelu, c.x())),
                c -> c.cast(c.op(OnnxOp.Add, c.cast(c.x(), DType.BF16), c.cast(c.ones(128), DType.BF16)), DType.F32));
        for (Function<Case, Value> body : good) {
            LintReport report = TensorRtLint.check(model(body), TensorRtTarget.TENSORRT_11, Optional.empty());
            assertThat(report.findings()).isEmpty();
            assertThat(report.nodes()).isPositive();
        }
    }

    @Test
    void unusualBlocksAreUnprovenNotRefused() {
        LintReport report = TensorRtLint.check(
                model(c -> c.op(OnnxOp.MatMul, c.x(), c.int4(32, 0, 4, 128))),
                TensorRtTarget.TENSORRT_10_15,
                Optional.empty());

        assertThat(report.isGreen()).isTrue();
        assertThat(report.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(LintFinding.Severity.UNPROVEN);
            assertThat(finding.value()).isEqualTo("blocks of 32");
        });
        assertThat(report.lines().getFirst()).contains("green, 1 unproven");
    }

    @Test
    void opsetsBeyondTheTargetAreRefused() {
        OnnxModel model = model(Case::activation);
        ModelProto later = model.proto().toBuilder()
                .clearOpsetImport()
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(25))
                .build();

        assertThat(TensorRtLint.check(new OnnxModel(later, Map.of()), TensorRtTarget.TENSORRT_10_15, Optional.empty())
                        .findings())
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.toString()).contains("opset 25").contains("9 to 24"));
        assertThat(TensorRtLint.check(new OnnxModel(later, Map.of()), TensorRtTarget.TENSORRT_11, Optional.empty())
                        .isGreen())
                .isTrue();
    }

    @Test
    void extentsNeedANameAndARange() {
        OnnxModel model = model(Case::activation);
        ModelProto.Builder unnamed = model.proto().toBuilder();
        unnamed.getGraphBuilder()
                .getInputBuilder(0)
                .getTypeBuilder()
                .getTensorTypeBuilder()
                .getShapeBuilder()
                .setDim(0, TensorShapeProto.Dimension.newBuilder());

        assertThat(findings(new OnnxModel(unnamed.build(), Map.of()), Optional.empty()))
                .singleElement()
                .asString()
                .contains("input x: axis 0 without an extent or a name");
        assertThat(findings(model, Optional.of(Map.of())))
                .singleElement()
                .asString()
                .contains("input x: no range in the optimisation profile");
        assertThat(findings(model, Optional.of(Map.of("x", new InputRange(List.of(1L, 64L), List.of(9L, 128L))))))
                .singleElement()
                .asString()
                .contains("a range of 64 to 128 on axis 1")
                .contains("128");
        assertThat(findings(model, Optional.of(Map.of("x", new InputRange(List.of(1L), List.of(9L))))))
                .singleElement()
                .asString()
                .contains("rank");
        assertThat(findings(model, Optional.of(Map.of("x", new InputRange(List.of(1L, 128L), List.of(9L, 128L))))))
                .isEmpty();
    }

    /// `softmax(between(x x')) x`
    private static OnnxModel attention(BiFunction<Case, Value, Value> between) {
        return model(c -> {
            Value turned = c.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), c.x());
            Value scores = between.apply(c, c.op(OnnxOp.MatMul, c.x(), turned));
            return c.op(OnnxOp.MatMul, c.op(OnnxOp.Softmax, Attributes.of("axis", -1), scores), c.x());
        });
    }

    private static Optional<Map<String, InputRange>> tokens(long least, long usual, long most) {
        return Optional.of(
                Map.of("x", new InputRange(List.of(least, 128L), List.of(usual, 128L), List.of(most, 128L))));
    }

    @Test
    void scoresBeyondTheLimitAreUnprovenWhereTheyMayBeFusedAndRefusedElsewhere() {
        OnnxModel scaled =
                attention((c, scores) -> c.op(OnnxOp.Mul, scores, c.graph().constant(0.1f)));
        OnnxModel torn = attention((c, scores) -> c.op(OnnxOp.Tanh, scores));

        assertThat(findings(scaled, tokens(1, 100, 46_340))).isEmpty();
        assertThat(findings(scaled, tokens(1, 100, 50_000))).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(LintFinding.Severity.UNPROVEN);
            assertThat(finding.value()).isEqualTo("scores of 2500000000 elements");
        });
        assertThat(findings(torn, tokens(1, 100, 1000)))
                .singleElement()
                .asString()
                .contains("unproven", "Tanh between the product and the softmax");
        assertThat(findings(
                        model(c -> c.op(OnnxOp.MatMul, c.op(OnnxOp.Softmax, c.op(OnnxOp.Tanh, c.x())), c.ones(128, 4))),
                        Optional.empty()))
                .as("no attention")
                .isEmpty();
        assertThat(findings(torn, tokens(1, 100, 50_000))).anySatisfy(finding -> assertThat(finding.toString())
                .contains("refused", "2500000000 elements at the largest shapes", "2,147,483,647"));
    }

    @Test
    void aCastWithinAnAttentionIsUnproven() {
        OnnxModel recast = model(c -> {
            Value half = c.cast(c.x(), DType.F16);
            Value turned = c.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), half);
            Value scores = c.cast(c.op(OnnxOp.MatMul, half, turned), DType.F32);
            Value weights = c.cast(c.op(OnnxOp.Softmax, Attributes.of("axis", -1), scores), DType.F16);
            return c.cast(c.op(OnnxOp.MatMul, weights, half), DType.F32);
        });

        assertThat(findings(recast, Optional.empty())).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(LintFinding.Severity.UNPROVEN);
            assertThat(finding.value()).contains("a Cast within an attention");
        });
    }

    @Test
    void emptyExtentsAreUnprovenAndNothingIsTunedForThem() {
        OnnxModel model = model(Case::activation);

        assertThat(findings(model, tokens(0, 10, 20))).singleElement().satisfies(finding -> {
            assertThat(finding.severity()).isEqualTo(LintFinding.Severity.UNPROVEN);
            assertThat(finding.value()).isEqualTo("a least extent of 0 on axis 0");
        });
        assertThat(findings(model, tokens(0, 0, 20)))
                .singleElement()
                .asString()
                .contains("refused", "a usual extent of 0 on axis 0");
    }

    @Test
    void extentsAreReadOutOfFewElementsOnOneAxis() {
        assertThat(findings(reshapedBy(Dim.of(2)), Optional.empty())).isEmpty();
        assertThat(findings(reshapedBy(Dim.of(65)), Optional.empty()))
                .singleElement()
                .asString()
                .contains("input target: extents that are read out of 65 elements", "at most 64");
        assertThat(findings(reshapedBy(Dim.of(1), Dim.of(2)), Optional.empty()))
                .singleElement()
                .asString()
                .contains("input target: extents that are read out of 2 axes");
    }

    private static OnnxModel reshapedBy(Dim... dims) {
        return model(c -> {
            Value target = c.graph().input("target", DType.I64, dims);
            Value whole = c.op(OnnxOp.Mul, target, c.graph().longs(1));
            return c.op(OnnxOp.Reshape, c.x(), whole);
        });
    }

    @Test
    void theReportSaysWithWhichChipItsTypesBegin() {
        assertThat(TensorRtLint.check(model(Case::activation), TensorRtTarget.TENSORRT_10_15, Optional.empty())
                        .leastChip())
                .isEqualTo(75);
        OnnxModel eight = model(c -> {
            Value codes = c.op(OnnxOp.QuantizeLinear, c.x(), c.graph().constant(0.01f), c.zero(DType.F8_E4M3));
            return c.op(OnnxOp.DequantizeLinear, codes, c.graph().constant(0.01f), c.zero(DType.F8_E4M3));
        });
        LintReport report = TensorRtLint.check(eight, TensorRtTarget.TENSORRT_10_15, Optional.empty());
        assertThat(report.leastChip()).isEqualTo(89);
        assertThat(report.lines().getFirst()).contains("from sm_89 on");
    }

    @Test
    void loopsAreUnprovenAndIntegersInThemRefused() {
        OnnxModel model = model(c -> {
            OnnxGraphBuilder body = c.graph().subgraph("body");
            Value row = body.input("row", DType.I64, Dim.of(128));
            body.output("same", body.op(OnnxOp.Add, row, row), DType.I64, Dim.of(128));
            Value numbers = c.cast(c.x(), DType.I64);
            Value all = c.graph()
                    .op(OnnxOp.Scan, Attributes.of("num_scan_inputs", 1).and("body", body), numbers);
            return c.cast(all, DType.F32);
        });

        assertThat(findings(model, Optional.empty()))
                .anySatisfy(finding -> assertThat(finding.toString()).contains("I64 input"))
                .anySatisfy(finding -> assertThat(finding.toString()).contains("unproven", "loop"));
    }

    @Test
    void zeroPointsInFilesBesideAreRead() {
        OnnxModel model = model(c -> {
            Value zeros = c.graph()
                    .initializer(
                            "zeros", Conversions.fromF32(Tensor.of(Shape.of(1), 0f), DType.F32)); // not a zero point
            Tensor points = Tensor.zeros(DType.I8, Shape.of(2048));
            points.data().set(ValueLayout.JAVA_BYTE, 2047, (byte) 1);
            Value codes = c.graph().initializer("wide", Tensor.zeros(DType.I8, Shape.of(128, 2048)));
            float[] scales = new float[2048];
            Arrays.fill(scales, 1f);
            Value right = c.op(
                    OnnxOp.DequantizeLinear,
                    AXIS_1,
                    codes,
                    c.graph().initializer("scales", Tensor.of(Shape.of(2048), scales)),
                    c.graph().initializer("points", points));
            return c.op(OnnxOp.Add, c.op(OnnxOp.MatMul, c.x(), right), zeros);
        });

        assertThat(model.weights()).containsKey("points");
        assertThat(findings(model, Optional.empty()))
                .singleElement()
                .asString()
                .contains("input points")
                .contains("a zero point of 1");
    }

    private static List<LintFinding> findings(OnnxModel model, Optional<Map<String, InputRange>> ranges) {
        return TensorRtLint.check(model, TensorRtTarget.TENSORRT_10_15, ranges).findings();
    }

    private static OnnxModel model(Function<Case, Value> body) {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("case");
        Value x = graph.input("x", DType.F32, Dim.of("tokens"), Dim.of(128));
        Value y = body.apply(new Case(graph, x));
        graph.output("y", y, DType.F32, Dim.of("rows"), Dim.of("columns"));
        return graph.build(Map.of());
    }
}
