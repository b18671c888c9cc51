package dev.quantreel.engines.gpucheck;

import dev.quantreel.engines.export.OptimizationProfile;
import dev.quantreel.engines.export.OptimizationProfile.Extents;
import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.Dim;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/// Two linears as the export writes them for TensorRT, small enough to be built in seconds. Scales are powers
/// of two, which every type holds exactly.
///
/// @param form of the products
/// @param type in which they are computed: F32, F16 or BF16
record TypedProducts(Form form, DType type) {

    /// What a product multiplies.
    enum Form {
        /// Row-normalised codes with a constant scale, times codes of weights.
        INT8,
        /// 4-bit weights in blocks, dequantized.
        INT4_WEIGHTS
    }

    static final int WIDTH = 256;
    static final int LAYERS = 2;

    private static final int BLOCK = 128;
    private static final float ACTIVATION_STEP = 1f / 32;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// The graph: F32 `x [tokens, 256]` to F32 `y`.
    OnnxModel model() {
        OnnxGraphBuilder graph =
                OnnxGraphBuilder.create("products-" + form.name().toLowerCase(java.util.Locale.ROOT) + "-"
                        + type.name().toLowerCase(java.util.Locale.ROOT));
        Random random = new Random(17);
        Value x = graph.input("x", DType.F32, Dim.of("tokens"), Dim.of(WIDTH));
        for (int layer = 0; layer < LAYERS; layer++) {
            x = graph.op(
                    OnnxOp.Tanh, form == Form.INT8 ? int8(graph, x, random, layer) : int4(graph, x, random, layer));
        }
        graph.output("y", x, DType.F32, Dim.of("tokens"), Dim.of(WIDTH));
        return graph.build(Map.of());
    }

    private Value int8(OnnxGraphBuilder graph, Value x, Random random, int layer) {
        Value mean =
                graph.op(OnnxOp.ReduceMean, Attributes.of("keepdims", 1), graph.op(OnnxOp.Mul, x, x), graph.longs(-1));
        Value rms = graph.op(OnnxOp.Max, graph.op(OnnxOp.Sqrt, mean), graph.constant(1e-6f));
        Value zero = graph.constant(Tensor.zeros(DType.I8, Shape.of()));
        Value codes =
                graph.op(OnnxOp.QuantizeLinear, graph.op(OnnxOp.Div, x, rms), graph.constant(ACTIVATION_STEP), zero);
        Value left = graph.op(OnnxOp.DequantizeLinear, codes, graph.constant(typed(Shape.of(), ACTIVATION_STEP)), zero);
        Tensor weights = Tensor.zeros(DType.I8, Shape.of(WIDTH, WIDTH));
        for (long i = 0; i < weights.elements(); i++) {
            weights.data().set(ValueLayout.JAVA_BYTE, i, (byte) (random.nextInt(255) - 127));
        }
        Value right = graph.op(
                OnnxOp.DequantizeLinear,
                Attributes.of("axis", 1),
                graph.initializer("w" + layer, weights),
                graph.initializer("s" + layer, steps(random, Shape.of(WIDTH), 10)));
        return graph.op(OnnxOp.Mul, toF32(graph, graph.op(OnnxOp.MatMul, left, right)), rms);
    }

    private Value int4(OnnxGraphBuilder graph, Value x, Random random, int layer) {
        Tensor weights = Tensor.zeros(DType.I4, Shape.of(WIDTH, WIDTH));
        byte[] nibbles = new byte[WIDTH * WIDTH / 2];
        random.nextBytes(nibbles);
        weights.data().copyFrom(java.lang.foreign.MemorySegment.ofArray(nibbles));
        Value right = graph.op(
                OnnxOp.DequantizeLinear,
                Attributes.of("axis", 0).and("block_size", BLOCK),
                graph.initializer("w" + layer, weights),
                graph.initializer("s" + layer, steps(random, Shape.of(WIDTH / BLOCK, WIDTH), 6)));
        Value left = type == DType.F32 ? x : graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(type)), x);
        return toF32(graph, graph.op(OnnxOp.MatMul, left, right));
    }

    private Value toF32(OnnxGraphBuilder graph, Value value) {
        return type == DType.F32 ? value : graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.F32)), value);
    }

    /// Powers of two from `2^-exponent` to a quarter of it.
    private Tensor steps(Random random, Shape shape, int exponent) {
        float[] steps = new float[Math.toIntExact(shape.elements())];
        for (int i = 0; i < steps.length; i++) {
            steps[i] = Math.scalb(1f, -exponent - random.nextInt(3));
        }
        return typed(shape, steps);
    }

    private Tensor typed(Shape shape, float... values) {
        if (type == DType.F32) {
            return Tensor.of(shape, values);
        }
        Tensor tensor = Tensor.zeros(type, shape);
        for (int i = 0; i < values.length; i++) {
            short bits = type == DType.F16
                    ? Float.floatToFloat16(values[i])
                    : (short) (Float.floatToRawIntBits(values[i]) >>> Short.SIZE);
            tensor.data().set(SHORT, (long) i * Short.BYTES, bits);
        }
        return tensor;
    }

    /// The shapes that an engine is for.
    ///
    /// @param tokens at most
    OptimizationProfile profile(int tokens) {
        Extents shape = new Extents(
                List.of(1L, (long) WIDTH), List.of((long) tokens, (long) WIDTH), List.of((long) tokens, (long) WIDTH));
        return new OptimizationProfile(
                model().name(), List.of(new OptimizationProfile.Input("x", DType.F32, shape, Optional.empty())));
    }

    /// Tokens whose sizes differ by two orders, with a large entry now and then.
    static Tensor tokens(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count * WIDTH];
        for (int i = 0; i < values.length; i++) {
            float size = Math.scalb(1f, i / WIDTH % 7 - 3);
            values[i] = size * (float) random.nextGaussian() * (i % 97 == 0 ? 4 : 1);
        }
        return Tensor.of(Shape.of(count, WIDTH), values);
    }
}
