package dev.quantreel.engines.export.lint;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Stream;

/// Graphs that TensorRT refuses, each with one thing wrong.
final class RefusedGraphs {

    private static final Attributes AXIS_1 = Attributes.of("axis", 1);

    private RefusedGraphs() {}

    /// @param title what is wrong
    /// @param body makes the output of a graph out of its input, F32 `[tokens, 128]`
    /// @param op of the node that is named
    /// @param value part of what was found
    /// @param accepted part of what is accepted
    record Bad(String title, Function<Case, Value> body, String op, String value, String accepted) {
        @Override
        public String toString() {
            return title;
        }
    }

    /// A graph under construction.
    record Case(OnnxGraphBuilder graph, Value x) {

        Value op(OnnxOp op, Value... inputs) {
            return graph.op(op, inputs);
        }

        Value op(OnnxOp op, Attributes attributes, Value... inputs) {
            return graph.op(op, attributes, inputs);
        }

        Value cast(Value value, DType to) {
            return op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(to)), value);
        }

        Value zero(DType dtype) {
            return graph.constant(Tensor.zeros(dtype, Shape.of()));
        }

        Value byteOf(DType dtype, int value) {
            Tensor tensor = Tensor.zeros(dtype, Shape.of());
            tensor.data().set(ValueLayout.JAVA_BYTE, 0, (byte) value);
            return graph.constant(tensor);
        }

        Value ones(long... dims) {
            float[] values = new float[(int) Shape.of(dims).elements()];
            Arrays.fill(values, 1f);
            return graph.constant(Tensor.of(Shape.of(dims), values));
        }

        Value codes(DType dtype, long... dims) {
            return graph.initializer("codes" + dtype, Tensor.zeros(dtype, Shape.of(dims)));
        }

        Value quantized(Value scale, Value zeroPoint) {
            return op(OnnxOp.QuantizeLinear, x, scale, zeroPoint);
        }

        Value activation() {
            Value codes = quantized(graph.constant(0.01f), zero(DType.I8));
            return op(OnnxOp.DequantizeLinear, codes, graph.constant(0.01f), zero(DType.I8));
        }

        Value int4(int blockSize, long axis, long... scaleShape) {
            return op(
                    OnnxOp.DequantizeLinear,
                    Attributes.of("axis", axis).and("block_size", blockSize),
                    codes(DType.I4, 128, 128),
                    ones(scaleShape));
        }
    }

    @SuppressWarnings("checkstyle:MethodLength") // The table of graphs.
    static Stream<Bad> all() {
        return Stream.of(
                new Bad(
                        "operator of ONNX Runtime",
                        c -> c.op(OnnxOp.SimplifiedLayerNormalization, c.x, c.ones(128)),
                        "SimplifiedLayerNormalization",
                        "operator SimplifiedLayerNormalization",
                        "operators.md"),
                new Bad(
                        "contrib domain",
                        c -> c.op(OnnxOp.MultiHeadAttention, Attributes.of("num_heads", 2), c.x, c.x, c.x),
                        "MultiHeadAttention",
                        "domain com.microsoft",
                        "standard ONNX"),
                new Bad(
                        "integer product",
                        c -> c.cast(
                                c.op(OnnxOp.MatMulInteger, c.codes(DType.U8, 2, 128), c.codes(DType.I8, 128, 128)),
                                DType.F32),
                        "MatMulInteger",
                        "operator MatMulInteger",
                        "around a MatMul"),
                new Bad(
                        "dynamic quantization",
                        c -> c.cast(
                                c.graph
                                        .op(OnnxOp.DynamicQuantizeLinear, 3, Attributes.NONE, c.x)
                                        .getFirst(),
                                DType.F32),
                        "DynamicQuantizeLinear",
                        "operator DynamicQuantizeLinear",
                        "constant one"),
                new Bad(
                        "unpacking by shifts",
                        c -> c.cast(
                                c.op(
                                        OnnxOp.BitShift,
                                        Attributes.of("direction", "RIGHT"),
                                        c.codes(DType.U8, 2, 128),
                                        c.byteOf(DType.U8, 4)),
                                DType.F32),
                        "BitShift",
                        "operator BitShift",
                        "INT4 behind DequantizeLinear"),
                new Bad(
                        "operands of two types",
                        c -> c.cast(c.op(OnnxOp.Add, c.cast(c.x, DType.BF16), c.ones(128)), DType.F32),
                        "Add",
                        "F32 beside BF16",
                        "put a Cast before it"),
                new Bad(
                        "product of two types",
                        c -> c.cast(c.op(OnnxOp.MatMul, c.cast(c.x, DType.F16), c.ones(128, 128)), DType.F32),
                        "MatMul",
                        "F32 beside F16",
                        "one type"),
                new Bad(
                        "branches of a choice of two types",
                        c -> c.cast(
                                c.op(
                                        OnnxOp.Where,
                                        c.op(OnnxOp.Greater, c.x, c.graph.constant(0f)),
                                        c.cast(c.x, DType.F16),
                                        c.x),
                                DType.F32),
                        "Where",
                        "F32 beside F16",
                        "one type"),
                new Bad(
                        "zero point",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.quantized(c.graph.constant(0.01f), c.byteOf(DType.I8, 3)),
                                c.graph.constant(0.01f),
                                c.zero(DType.I8)),
                        "QuantizeLinear",
                        "a zero point of 3",
                        "constant 0"),
                new Bad(
                        "unsigned codes",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.quantized(c.graph.constant(0.01f), c.byteOf(DType.U8, 0)),
                                c.graph.constant(0.01f),
                                c.zero(DType.U8)),
                        "QuantizeLinear",
                        "U8 codes",
                        "INT8"),
                new Bad(
                        "scale that is computed",
                        c -> {
                            Value scale = c.op(
                                    OnnxOp.ReduceMax,
                                    Attributes.of("keepdims", 0),
                                    c.op(OnnxOp.Abs, c.x),
                                    c.graph.longs(0, 1));
                            return c.op(
                                    OnnxOp.DequantizeLinear,
                                    c.quantized(scale, c.zero(DType.I8)),
                                    c.graph.constant(0.01f),
                                    c.zero(DType.I8));
                        },
                        "QuantizeLinear",
                        "a scale that is computed",
                        "a constant scale"),
                new Bad(
                        "scale of zero",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.quantized(c.graph.constant(0f), c.zero(DType.I8)),
                                c.graph.constant(0.01f),
                                c.zero(DType.I8)),
                        "QuantizeLinear",
                        "a scale of 0.0",
                        "positive"),
                new Bad(
                        "scales per channel of an activation",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.op(OnnxOp.QuantizeLinear, AXIS_1, c.x, c.ones(128), c.codes(DType.I8, 128)),
                                c.graph.constant(0.01f),
                                c.zero(DType.I8)),
                        "QuantizeLinear",
                        "128 scales of an activation",
                        "one scalar scale"),
                new Bad(
                        "scale of another type than the data",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.op(
                                        OnnxOp.QuantizeLinear,
                                        c.cast(c.x, DType.F16),
                                        c.graph.constant(0.01f),
                                        c.zero(DType.I8)),
                                c.graph.constant(0.01f),
                                c.zero(DType.I8)),
                        "QuantizeLinear",
                        "a F32 scale of F16 data",
                        "the type of its input"),
                new Bad(
                        "codes that are moved",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.op(
                                        OnnxOp.Transpose,
                                        Attributes.ints("perm", 1, 0),
                                        c.quantized(c.graph.constant(0.01f), c.zero(DType.I8))),
                                c.graph.constant(0.01f),
                                c.zero(DType.I8)),
                        "QuantizeLinear",
                        "(Transpose)",
                        "DequantizeLinear alone"),
                new Bad(
                        "scales that do not fit the channels",
                        c -> c.op(
                                OnnxOp.MatMul,
                                c.activation(),
                                c.op(OnnxOp.DequantizeLinear, AXIS_1, c.codes(DType.I8, 128, 128), c.ones(64))),
                        "DequantizeLinear",
                        "scales [64] on axis 1",
                        "as many as there are channels"),
                new Bad(
                        "blocks of INT8",
                        c -> c.op(
                                OnnxOp.MatMul,
                                c.activation(),
                                c.op(
                                        OnnxOp.DequantizeLinear,
                                        Attributes.of("axis", 0).and("block_size", 64),
                                        c.codes(DType.I8, 128, 128),
                                        c.ones(2, 128))),
                        "DequantizeLinear",
                        "blocks of I8",
                        "one scale of INT8"),
                new Bad(
                        "INT4 of an activation",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.quantized(c.graph.constant(0.1f), c.zero(DType.I4)),
                                c.graph.constant(0.1f),
                                c.zero(DType.I4)),
                        "QuantizeLinear",
                        "INT4 of a value that is computed",
                        "constant weights"),
                new Bad(
                        "blocks along the first of three axes",
                        c -> c.op(
                                OnnxOp.MatMul,
                                c.x,
                                c.op(
                                        OnnxOp.DequantizeLinear,
                                        Attributes.of("axis", 0).and("block_size", 64),
                                        c.codes(DType.I4, 64, 128, 128),
                                        c.ones(1, 128, 128))),
                        "DequantizeLinear",
                        "blocks along axis 0 of 3",
                        "second to last"),
                new Bad(
                        "blocks that do not divide",
                        c -> c.op(OnnxOp.MatMul, c.x, c.int4(64, 0, 3, 128)),
                        "DequantizeLinear",
                        "scales [3x128]",
                        "a scale per whole block"),
                new Bad(
                        "normalization with three outputs",
                        c -> c.graph
                                .op(OnnxOp.LayerNormalization, 2, Attributes.of("axis", -1), c.x, c.ones(128))
                                .getFirst(),
                        "LayerNormalization",
                        "a second output",
                        "first output"),
                new Bad(
                        "axes that are computed",
                        c -> c.op(
                                OnnxOp.ReduceMean,
                                Attributes.of("keepdims", 1),
                                c.x,
                                c.op(
                                        OnnxOp.Sub,
                                        c.op(OnnxOp.Shape, Attributes.of("end", 1), c.x),
                                        c.op(OnnxOp.Shape, Attributes.of("end", 1), c.x))),
                        "ReduceMean",
                        "computed in the graph",
                        "a constant"),
                new Bad(
                        "bytes in the middle",
                        c -> c.cast(c.op(OnnxOp.Reshape, c.cast(c.x, DType.U8), c.graph.longs(-1, 128)), DType.F32),
                        "Reshape",
                        "U8 data",
                        "inputs and outputs alone"),
                new Bad(
                        "codes made by a cast",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.cast(c.x, DType.I8),
                                c.graph.constant(0.01f),
                                c.zero(DType.I8)),
                        "DequantizeLinear",
                        "codes made by",
                        "of QuantizeLinear"),
                new Bad(
                        "a cast to codes",
                        c -> c.op(
                                OnnxOp.DequantizeLinear,
                                c.cast(c.x, DType.F8_E4M3),
                                c.graph.constant(0.01f),
                                c.zero(DType.F8_E4M3)),
                        "Cast",
                        "a cast to F8_E4M3",
                        "codes by QuantizeLinear"),
                new Bad(
                        "integers of sixteen bits in the middle",
                        c -> c.cast(c.cast(c.x, DType.I16), DType.F32),
                        "Cast",
                        "a cast to I16",
                        "BF16"),
                new Bad(
                        "blocks of eight",
                        c -> c.op(OnnxOp.MatMul, c.x, c.int4(8, 0, 16, 128)),
                        "DequantizeLinear",
                        "blocks of 8",
                        "at least 16"));
    }
}
