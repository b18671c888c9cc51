package dev.quantreel.engines.runtime;

import static dev.quantreel.engines.tensor.DType.F32;
import static dev.quantreel.engines.tensor.DType.I8;
import static dev.quantreel.engines.tensor.DType.U8;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Operators on codes: scaled products, packing, quantization.
final class IntegerOperatorCases {

    private final List<OperatorCase> cases = new ArrayList<>();

    static List<OperatorCase> all() {
        IntegerOperatorCases all = new IntegerOperatorCases();
        all.scaledProducts();
        all.quantization();
        return all.cases;
    }

    private void add(OnnxOp op, String name, DType dtype, int rank, Function<OperatorSketch, Value> body) {
        cases.add(OperatorSketch.of(op, name, dtype, rank, body));
    }

    private void scaledProducts() {
        Tensor left = Tensor.scalar(0.5f);
        Tensor steps = Tensor.of(Shape.of(6), 1, 2, 0.25f, 3, 0.1f, 7);
        add(
                OnnxOp.MatMulIntegerToFloat,
                "steps by column",
                F32,
                3,
                s -> s.op(
                        OnnxOp.MatMulIntegerToFloat,
                        Attributes.NONE,
                        s.bytes(U8, 1, 5, 32),
                        s.bytes(I8, 32, 6),
                        s.input(left),
                        s.input(steps)));
        add(OnnxOp.MatMulIntegerToFloat, "zero points", F32, 3, s -> {
            Tensor zero = Tensor.zeros(U8, Shape.of());
            zero.data().asByteBuffer().put(0, (byte) 128);
            return s.op(
                    OnnxOp.MatMulIntegerToFloat,
                    Attributes.NONE,
                    s.bytes(U8, 1, 5, 32),
                    s.bytes(I8, 32, 6),
                    s.input(left),
                    s.input(steps),
                    s.input(zero),
                    s.bytes(I8, 6));
        });
        for (String direction : List.of("LEFT", "RIGHT")) {
            add(OnnxOp.BitShift, direction, U8, 2, s -> {
                Tensor four = Tensor.zeros(U8, Shape.of());
                four.data().asByteBuffer().put(0, (byte) 4);
                return s.op(OnnxOp.BitShift, Attributes.of("direction", direction), s.bytes(U8, 5, 32), s.input(four));
            });
        }
    }

    private void quantization() {
        Tensor zero = Tensor.zeros(U8, Shape.of());
        zero.data().asByteBuffer().put(0, (byte) 128);
        add(
                OnnxOp.QuantizeLinear,
                "one scale",
                U8,
                2,
                s -> s.op(
                        OnnxOp.QuantizeLinear,
                        Attributes.NONE,
                        s.floats(6, 8),
                        s.graph.constant(0.02f),
                        s.graph.constant(zero)));
        add(
                OnnxOp.QuantizeLinear,
                "scale per row",
                I8,
                2,
                s -> s.op(
                        OnnxOp.QuantizeLinear,
                        Attributes.of("axis", 0).and("output_dtype", OnnxTypes.code(I8)),
                        s.floats(6, 8),
                        s.positive(6)));
        add(
                OnnxOp.QuantizeLinear,
                "scale per block",
                U8,
                2,
                s -> s.op(
                        OnnxOp.QuantizeLinear,
                        Attributes.of("axis", 1).and("block_size", 4),
                        s.floats(6, 8),
                        s.positive(6, 2),
                        s.bytes(U8, 6, 2)));
        add(
                OnnxOp.DequantizeLinear,
                "one scale",
                F32,
                2,
                s -> s.op(
                        OnnxOp.DequantizeLinear,
                        Attributes.NONE,
                        s.bytes(U8, 6, 8),
                        s.graph.constant(0.02f),
                        s.graph.constant(zero)));
        add(
                OnnxOp.DequantizeLinear,
                "scale per column",
                F32,
                2,
                s -> s.op(OnnxOp.DequantizeLinear, Attributes.of("axis", 1), s.bytes(I8, 6, 8), s.positive(8)));
        OperatorSketch dynamic = new OperatorSketch("DynamicQuantizeLinear");
        List<Value> outputs = dynamic.graph.op(OnnxOp.DynamicQuantizeLinear, 3, Attributes.NONE, dynamic.floats(6, 8));
        dynamic.out("codes", outputs.get(0), U8, 2);
        dynamic.out("scale", outputs.get(1), F32, 0);
        dynamic.out("zero", outputs.get(2), U8, 0);
        cases.add(new OperatorCase(OnnxOp.DynamicQuantizeLinear, "all outputs", dynamic.graph, dynamic.inputs));
    }
}
