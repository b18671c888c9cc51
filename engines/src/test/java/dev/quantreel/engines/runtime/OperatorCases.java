package dev.quantreel.engines.runtime;

import static dev.quantreel.engines.tensor.DType.BOOL;
import static dev.quantreel.engines.tensor.DType.F32;
import static dev.quantreel.engines.tensor.DType.I32;
import static dev.quantreel.engines.tensor.DType.I64;
import static dev.quantreel.engines.tensor.DType.I8;
import static dev.quantreel.engines.tensor.DType.U8;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// One or more small graphs per operator, with random inputs: what every engine must compute alike.
final class OperatorCases {

    private final List<OperatorCase> cases = new ArrayList<>();

    static List<OperatorCase> all() {
        OperatorCases all = new OperatorCases();
        all.elementwise();
        all.binary();
        all.selection();
        all.shapes();
        all.parts();
        all.reductions();
        all.products();
        all.fused();
        all.cases.addAll(IntegerOperatorCases.all());
        return all.cases;
    }

    private void add(OnnxOp op, String name, DType dtype, int rank, Function<OperatorSketch, Value> body) {
        cases.add(OperatorSketch.of(op, name, dtype, rank, body));
    }

    private void elementwise() {
        for (OnnxOp op : List.of(
                OnnxOp.Abs,
                OnnxOp.Ceil,
                OnnxOp.Cos,
                OnnxOp.Erf,
                OnnxOp.Exp,
                OnnxOp.Floor,
                OnnxOp.Identity,
                OnnxOp.Neg,
                OnnxOp.Relu,
                OnnxOp.Round,
                OnnxOp.Sigmoid,
                OnnxOp.Sign,
                OnnxOp.Sin,
                OnnxOp.Tanh)) {
            add(op, "floats", F32, 2, s -> s.op(op, Attributes.NONE, s.floats(5, 7)));
        }
        add(
                OnnxOp.Round,
                "halves to even",
                F32,
                1,
                s -> s.op(
                        OnnxOp.Round,
                        Attributes.NONE,
                        s.input(Tensor.of(Shape.of(6), -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f))));
        for (OnnxOp op : List.of(OnnxOp.Sqrt, OnnxOp.Reciprocal)) {
            add(op, "positive floats", F32, 2, s -> s.op(op, Attributes.NONE, s.positive(5, 7)));
        }
        add(OnnxOp.Gelu, "exact", F32, 2, s -> s.op(OnnxOp.Gelu, Attributes.NONE, s.floats(5, 7)));
        add(OnnxOp.Gelu, "tanh", F32, 2, s -> s.op(OnnxOp.Gelu, Attributes.of("approximate", "tanh"), s.floats(5, 7)));
    }

    private void binary() {
        for (OnnxOp op : List.of(OnnxOp.Add, OnnxOp.Sub, OnnxOp.Mul, OnnxOp.Max, OnnxOp.Min)) {
            add(op, "broadcast both ways", F32, 3, s -> s.op(op, Attributes.NONE, s.floats(4, 1, 3), s.floats(5, 1)));
        }
        add(
                OnnxOp.Mul,
                "integers",
                I64,
                1,
                s -> s.op(
                        OnnxOp.Mul,
                        Attributes.NONE,
                        s.input(Tensor.ofLongs(Shape.of(3), 3, -4, 1L << 33)),
                        s.graph.longs(1, 2, 2)));
        add(OnnxOp.Div, "floats", F32, 2, s -> s.op(OnnxOp.Div, Attributes.NONE, s.floats(4, 3), s.positive(3)));
        add(
                OnnxOp.Div,
                "integers towards zero",
                I64,
                1,
                s -> s.op(
                        OnnxOp.Div,
                        Attributes.NONE,
                        s.input(Tensor.ofLongs(Shape.of(3), 7, -7, 9)),
                        s.graph.longs(2, 2, -4)));
        add(
                OnnxOp.Pow,
                "squares",
                F32,
                2,
                s -> s.op(OnnxOp.Pow, Attributes.NONE, s.floats(4, 3), s.graph.constant(2f)));
        for (OnnxOp op : List.of(OnnxOp.Equal, OnnxOp.Greater)) {
            add(
                    op,
                    "integers",
                    BOOL,
                    1,
                    s -> s.op(
                            op,
                            Attributes.NONE,
                            s.input(Tensor.ofLongs(Shape.of(4), 1, 2, 3, 4)),
                            s.graph.longs(4, 2, 1, 5)));
        }
    }

    private void selection() {
        add(
                OnnxOp.Where,
                "broadcast",
                F32,
                2,
                s -> s.op(OnnxOp.Where, Attributes.NONE, s.flags(4, 1), s.floats(4, 3), s.floats(3)));
        add(
                OnnxOp.Clip,
                "both sides",
                F32,
                2,
                s -> s.op(
                        OnnxOp.Clip,
                        Attributes.NONE,
                        s.floats(6, 6),
                        s.graph.constant(-0.5f),
                        s.graph.constant(0.75f)));
        add(
                OnnxOp.Clip,
                "above only",
                F32,
                2,
                s -> s.op(OnnxOp.Clip, Attributes.NONE, s.floats(6, 6), s.graph.none, s.graph.constant(0.75f)));
        add(OnnxOp.Clip, "an extent", I64, 1, s -> {
            Value four = s.graph.constant(Tensor.ofLongs(Shape.of(), 4));
            Value extent = s.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", 2), s.floats(2, 7, 3));
            return s.op(OnnxOp.Clip, Attributes.NONE, extent, four, four);
        });
        for (DType to : List.of(I32, I64, I8)) {
            add(
                    OnnxOp.Cast,
                    "to " + to,
                    to,
                    1,
                    s -> s.op(
                            OnnxOp.Cast,
                            Attributes.of("to", OnnxTypes.code(to)),
                            s.input(Tensor.of(Shape.of(4), -3.9f, -0.2f, 0.9f, 100.5f))));
        }
        add(OnnxOp.Cast, "u8 to float", F32, 1, s -> s.op(OnnxOp.Cast, Attributes.of("to", 1), s.bytes(U8, 9)));
    }

    private void shapes() {
        add(
                OnnxOp.Transpose,
                "perm",
                F32,
                4,
                s -> s.op(OnnxOp.Transpose, Attributes.ints("perm", 0, 2, 3, 1), s.floats(2, 3, 4, 5)));
        add(
                OnnxOp.Reshape,
                "keep and infer",
                F32,
                4,
                s -> s.op(OnnxOp.Reshape, Attributes.NONE, s.floats(2, 3, 8), s.graph.longs(0, 0, 2, -1)));
        add(OnnxOp.Shape, "whole", I64, 1, s -> s.op(OnnxOp.Shape, Attributes.NONE, s.floats(2, 3, 8)));
        add(
                OnnxOp.Shape,
                "part",
                I64,
                1,
                s -> s.op(OnnxOp.Shape, Attributes.of("start", 1).and("end", -1), s.floats(2, 3, 8, 1)));
        add(
                OnnxOp.Squeeze,
                "axis",
                F32,
                2,
                s -> s.op(OnnxOp.Squeeze, Attributes.NONE, s.floats(2, 1, 3), s.graph.longs(1)));
        add(
                OnnxOp.Unsqueeze,
                "axes",
                F32,
                4,
                s -> s.op(OnnxOp.Unsqueeze, Attributes.NONE, s.floats(2, 3), s.graph.longs(1, 3)));
        add(
                OnnxOp.Expand,
                "both ways",
                F32,
                3,
                s -> s.op(OnnxOp.Expand, Attributes.NONE, s.floats(3, 1), s.graph.longs(2, 1, 4)));
        add(
                OnnxOp.Concat,
                "middle axis",
                F32,
                3,
                s -> s.op(
                        OnnxOp.Concat,
                        Attributes.of("axis", 1),
                        s.floats(2, 1, 3),
                        s.floats(2, 2, 3),
                        s.floats(2, 3, 3)));
    }

    private void parts() {
        add(
                OnnxOp.Slice,
                "ends",
                F32,
                2,
                s -> s.op(
                        OnnxOp.Slice,
                        Attributes.NONE,
                        s.floats(5, 4),
                        s.graph.longs(-1),
                        s.graph.longs(Integer.MAX_VALUE),
                        s.graph.longs(0)));
        add(
                OnnxOp.Slice,
                "backwards in steps",
                F32,
                2,
                s -> s.op(
                        OnnxOp.Slice,
                        Attributes.NONE,
                        s.floats(5, 7),
                        s.graph.longs(1, -1),
                        s.graph.longs(4, -8),
                        s.graph.longs(0, 1),
                        s.graph.longs(1, -2)));
        add(
                OnnxOp.Gather,
                "rows",
                F32,
                3,
                s -> s.op(
                        OnnxOp.Gather,
                        Attributes.of("axis", 0),
                        s.floats(5, 4),
                        s.input(Tensor.ofLongs(Shape.of(2, 3), 0, 4, 2, -1, 1, 1))));
        add(
                OnnxOp.Gather,
                "columns",
                F32,
                2,
                s -> s.op(OnnxOp.Gather, Attributes.of("axis", -1), s.floats(3, 5), s.graph.longs(4, 0)));
        add(
                OnnxOp.Pad,
                "constant",
                F32,
                2,
                s -> s.op(
                        OnnxOp.Pad,
                        Attributes.NONE,
                        s.floats(3, 4),
                        s.graph.longs(1, 0, 2, 3),
                        s.graph.constant(0.5f)));
        add(
                OnnxOp.Pad,
                "edge",
                F32,
                4,
                s -> s.op(
                        OnnxOp.Pad,
                        Attributes.of("mode", "edge"),
                        s.floats(2, 3, 4, 5),
                        s.graph.longs(2, 0, 1, 1, 0, 0, 1, 3)));
        add(
                OnnxOp.DepthToSpace,
                "pixel shuffle",
                F32,
                4,
                s -> s.op(
                        OnnxOp.DepthToSpace, Attributes.of("blocksize", 2).and("mode", "CRD"), s.floats(2, 12, 3, 4)));
        add(
                OnnxOp.Range,
                "upwards",
                I64,
                1,
                s -> s.op(
                        OnnxOp.Range,
                        Attributes.NONE,
                        s.input(Tensor.ofLongs(Shape.of(), 2)),
                        s.input(Tensor.ofLongs(Shape.of(), 9)),
                        s.input(Tensor.ofLongs(Shape.of(), 3))));
        add(
                OnnxOp.Resize,
                "nearest twice",
                F32,
                4,
                s -> s.op(
                        OnnxOp.Resize,
                        Attributes.of("mode", "nearest")
                                .and("coordinate_transformation_mode", "asymmetric")
                                .and("nearest_mode", "floor"),
                        s.floats(2, 3, 4, 5),
                        s.graph.none,
                        s.graph.constant(Tensor.of(Shape.of(4), 1, 1, 2, 2))));
        OperatorSketch split = new OperatorSketch("Split-three");
        List<Value> parts =
                split.graph.op(OnnxOp.Split, 3, Attributes.of("axis", 1).and("num_outputs", 3), split.floats(2, 6, 4));
        for (int i = 0; i < parts.size(); i++) {
            split.out("part" + i, parts.get(i), F32, 3);
        }
        cases.add(new OperatorCase(OnnxOp.Split, "three", split.graph, split.inputs));
        for (boolean taken : new boolean[] {true, false}) {
            branches(taken);
        }
    }

    private void branches(boolean taken) {
        add(OnnxOp.If, taken ? "then" : "else", F32, 2, s -> {
            Tensor flag = Tensor.zeros(BOOL, Shape.of());
            flag.data().asByteBuffer().put(0, (byte) (taken ? 1 : 0));
            Value condition = s.input(flag);
            Value x = s.floats(3, 4);
            OnnxGraphBuilder then = s.graph.subgraph("then");
            then.output("doubled", then.op(OnnxOp.Add, x, x), F32, Dim.of(3), Dim.of(4));
            OnnxGraphBuilder otherwise = s.graph.subgraph("else");
            otherwise.output("shifted", otherwise.op(OnnxOp.Add, x, otherwise.constant(1f)), F32, Dim.of(3), Dim.of(4));
            return s.op(OnnxOp.If, Attributes.NONE.and("then_branch", then).and("else_branch", otherwise), condition);
        });
    }

    private void reductions() {
        for (OnnxOp op :
                List.of(OnnxOp.ReduceL2, OnnxOp.ReduceMax, OnnxOp.ReduceMean, OnnxOp.ReduceMin, OnnxOp.ReduceSum)) {
            add(
                    op,
                    "last axis kept",
                    F32,
                    3,
                    s -> s.op(op, Attributes.of("keepdims", 1), s.floats(2, 3, 8), s.graph.longs(-1)));
            add(
                    op,
                    "two axes dropped",
                    F32,
                    1,
                    s -> s.op(op, Attributes.of("keepdims", 0), s.floats(2, 3, 8), s.graph.longs(0, 2)));
        }
        add(
                OnnxOp.Softmax,
                "last axis",
                F32,
                3,
                s -> s.op(OnnxOp.Softmax, Attributes.of("axis", -1), s.floats(2, 3, 8)));
        add(
                OnnxOp.Softmax,
                "middle axis",
                F32,
                3,
                s -> s.op(OnnxOp.Softmax, Attributes.of("axis", 1), s.floats(2, 3, 8)));
        Attributes last = Attributes.of("axis", -1).and("epsilon", 1e-6f);
        add(
                OnnxOp.LayerNormalization,
                "scale",
                F32,
                3,
                s -> s.op(OnnxOp.LayerNormalization, last, s.floats(2, 3, 16), s.floats(16)));
        add(
                OnnxOp.LayerNormalization,
                "scale and shift",
                F32,
                3,
                s -> s.op(OnnxOp.LayerNormalization, last, s.floats(2, 3, 16), s.floats(16), s.floats(16)));
        OperatorSketch rms = new OperatorSketch("SimplifiedLayerNormalization-rms");
        List<Value> outputs =
                rms.graph.op(OnnxOp.SimplifiedLayerNormalization, 2, last, rms.floats(2, 3, 16), rms.floats(16));
        rms.out("y", outputs.get(0), F32, 3);
        rms.out("reciprocal", outputs.get(1), F32, 3);
        cases.add(new OperatorCase(OnnxOp.SimplifiedLayerNormalization, "with 1/rms", rms.graph, rms.inputs));
    }

    private void products() {
        add(
                OnnxOp.MatMul,
                "matrices",
                F32,
                2,
                s -> s.op(OnnxOp.MatMul, Attributes.NONE, s.floats(5, 17), s.floats(17, 9)));
        add(
                OnnxOp.MatMul,
                "batches broadcast",
                F32,
                4,
                s -> s.op(OnnxOp.MatMul, Attributes.NONE, s.floats(2, 1, 5, 7), s.floats(3, 7, 4)));
        add(
                OnnxOp.Gemm,
                "transposed with bias",
                F32,
                2,
                s -> s.op(OnnxOp.Gemm, Attributes.of("transB", 1), s.floats(5, 7), s.floats(6, 7), s.floats(6)));
        Attributes same = Attributes.ints("pads", 1, 1, 1, 1);
        add(
                OnnxOp.Conv,
                "3x3 same",
                F32,
                4,
                s -> s.op(OnnxOp.Conv, same, s.floats(2, 3, 6, 5), s.floats(4, 3, 3, 3), s.floats(4)));
        add(
                OnnxOp.Conv,
                "grouped, strided",
                F32,
                4,
                s -> s.op(
                        OnnxOp.Conv,
                        same.andInts("strides", 2, 2).and("group", 2),
                        s.floats(1, 4, 6, 7),
                        s.floats(6, 2, 3, 3)));
        add(
                OnnxOp.Conv,
                "patches of a volume",
                F32,
                5,
                s -> s.op(
                        OnnxOp.Conv,
                        Attributes.ints("strides", 1, 2, 2),
                        s.floats(1, 4, 3, 4, 6),
                        s.floats(8, 4, 1, 2, 2),
                        s.floats(8)));
        add(
                OnnxOp.MatMulInteger,
                "u8 by i8",
                I32,
                2,
                s -> s.op(OnnxOp.MatMulInteger, Attributes.NONE, s.bytes(U8, 5, 32), s.bytes(I8, 32, 6)));
        add(OnnxOp.MatMulInteger, "zero point", I32, 3, s -> {
            Tensor zero = Tensor.zeros(U8, Shape.of());
            zero.data().asByteBuffer().put(0, (byte) 128);
            return s.op(
                    OnnxOp.MatMulInteger, Attributes.NONE, s.bytes(U8, 1, 5, 32), s.bytes(I8, 32, 6), s.input(zero));
        });
    }

    private void fused() {
        add(
                OnnxOp.MultiHeadAttention,
                "self",
                F32,
                3,
                s -> s.op(
                        OnnxOp.MultiHeadAttention,
                        Attributes.of("num_heads", 2),
                        s.floats(1, 5, 16),
                        s.floats(1, 7, 16),
                        s.floats(1, 7, 16)));
        add(
                OnnxOp.MultiHeadAttention,
                "bias and scale 1",
                F32,
                3,
                s -> s.op(
                        OnnxOp.MultiHeadAttention,
                        Attributes.of("num_heads", 2).and("scale", 1f),
                        s.floats(1, 5, 16),
                        s.floats(1, 5, 16),
                        s.floats(1, 5, 16),
                        s.graph.none,
                        s.graph.none,
                        s.floats(1, 2, 5, 5)));
        add(
                OnnxOp.RotaryEmbedding,
                "interleaved",
                F32,
                3,
                s -> s.op(
                        OnnxOp.RotaryEmbedding,
                        Attributes.of("interleaved", 1),
                        s.floats(1, 5, 24),
                        s.graph.longs(0),
                        s.floats(5, 4),
                        s.floats(5, 4)));
    }
}
