package dev.quantreel.engines.runtime;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// The operators in the forms that text encoders use: weights in blocks of 4 or 8 bits, rotary halves, one mask for all
/// heads.
final class TextOperatorCases {

    private TextOperatorCases() {}

    static List<OperatorCase> all() {
        return List.of(blocks(4, 32, 3), blocks(4, 64, 2), blocks(8, 64, 3), rotaryHalves(), oneMask());
    }

    /// With three blocks of 4 bits the last zero point of a row stands alone in its byte.
    private static OperatorCase blocks(int bits, int block, int blocks) {
        int rows = 10;
        Attributes attributes = Attributes.of("K", (long) block * blocks)
                .and("N", rows)
                .and("bits", bits)
                .and("block_size", block)
                .and("accuracy_level", 1);
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("MatMulNBits");
        Value x = input(graph, 1, 5, (long) block * blocks);
        Value codes = graph.initializer("codes", bytes(rows, blocks, block * bits / 8));
        Value steps = graph.initializer("steps", EngineContractTest.random(1, rows, blocks));
        Value zeros = graph.initializer("zeros", bytes(rows, Math.ceilDiv(blocks * bits, 8)));
        output(graph, graph.op(OnnxOp.MatMulNBits, attributes, x, codes, steps, zeros));
        return new OperatorCase(
                OnnxOp.MatMulNBits,
                bits + " bits in blocks of " + block,
                graph,
                Map.of("x", scaled(EngineContractTest.random(2, 1, 5, (long) block * blocks))));
    }

    /// Small activations: codes reach 255, and the comparison is of single precision.
    private static Tensor scaled(Tensor tensor) {
        float[] values = tensor.toFloatArray();
        for (int i = 0; i < values.length; i++) {
            values[i] /= 1024;
        }
        return Tensor.of(tensor.shape(), values);
    }

    private static OperatorCase rotaryHalves() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("RotaryEmbedding");
        Value cos = graph.initializer("cos", EngineContractTest.random(3, 5, 4));
        Value sin = graph.initializer("sin", EngineContractTest.random(4, 5, 4));
        Attributes attributes = Attributes.of("interleaved", 0);
        output(graph, graph.op(OnnxOp.RotaryEmbedding, attributes, input(graph, 1, 5, 24), graph.longs(0), cos, sin));
        return new OperatorCase(
                OnnxOp.RotaryEmbedding, "halves", graph, Map.of("x", EngineContractTest.random(5, 1, 5, 24)));
    }

    private static OperatorCase oneMask() {
        OnnxGraphBuilder graph = OnnxGraphBuilder.create("MultiHeadAttention");
        Value x = input(graph, 1, 5, 16);
        Value mask = graph.initializer("mask", EngineContractTest.random(6, 1, 1, 5, 5));
        Attributes attributes = Attributes.of("num_heads", 2);
        output(graph, graph.op(OnnxOp.MultiHeadAttention, attributes, x, x, x, graph.none, graph.none, mask));
        return new OperatorCase(
                OnnxOp.MultiHeadAttention,
                "one mask for all heads",
                graph,
                Map.of("x", EngineContractTest.random(7, 1, 5, 16)));
    }

    private static Value input(OnnxGraphBuilder graph, long... dims) {
        Dim[] fixed = new Dim[dims.length];
        for (int i = 0; i < dims.length; i++) {
            fixed[i] = Dim.of(dims[i]);
        }
        return graph.input("x", DType.F32, fixed);
    }

    private static void output(OnnxGraphBuilder graph, Value value) {
        graph.output("y", value, DType.F32, Dim.of("a"), Dim.of("b"), Dim.of("c"));
    }

    private static Tensor bytes(long... dims) {
        Tensor tensor = Tensor.zeros(DType.U8, Shape.of(dims));
        byte[] values = new byte[(int) tensor.elements()];
        new Random(8).nextBytes(values);
        tensor.data().asByteBuffer().put(values);
        return tensor;
    }
}
