package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.OnnxTypes;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.quant.RowTasks;
import dev.quantreel.engines.quant.WeightMatrix;
import dev.quantreel.engines.quant.WeightQuantizer;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.FloatWeights;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;

/// Emits the matrix products of an encoder at its precision. Weights are decoded one tensor at a time; what stays is
/// the codes.
///
/// Blocks of inputs are the rows of [QuantizedMatrix]: its packing is the one that ONNX Runtime's `MatMulNBits` reads.
///
/// @param graph receives the nodes
record EncoderLinears(OnnxGraphBuilder graph, FloatWeights weights, EncoderPrecision precision) {

    /// Elements from which on a weight is read where it lies instead of copied into the session.
    private static final long STREAMED_FROM = 1 << 20;

    /// `x Wᵀ`.
    ///
    /// @param name of a matrix `[out, in]`
    Value product(Value x, String name) {
        int inputs = Math.toIntExact(weights.checkpoint().shape(name).dim(1));
        int block = precision.isFull() ? 0 : precision.blockFor(inputs);
        return block == 0 ? graph.op(OnnxOp.MatMul, x, wide(name)) : blockProduct(x, name, weights.tensor(name), block);
    }

    /// F32 `[in, out]`. A large matrix is read from the file at every run and widened there; ONNX Runtime fuses the
    /// transposition into the product.
    private Value wide(String name) {
        if (weights.checkpoint().shape(name).elements() < STREAMED_FROM) {
            return graph.initializer(name, weights.transposed(name));
        }
        Tensor stored = weights.stored(name);
        Value streamed = graph.streamed(name, stored);
        Value wide = stored.dtype() == DType.F32
                ? streamed
                : graph.op(OnnxOp.Cast, Attributes.of("to", OnnxTypes.code(DType.F32)), streamed);
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), wide);
    }

    /// Large tensors stay where they are; small ones are the engine's to pack.
    private Value place(String name, Tensor tensor) {
        return tensor.elements() < STREAMED_FROM ? graph.initializer(name, tensor) : graph.streamed(name, tensor);
    }

    /// `x Wᵀ + b`.
    ///
    /// @param layer name without `.weight` and `.bias`
    Value linear(Value x, String layer) {
        return graph.op(OnnxOp.Add, product(x, layer + ".weight"), weight(layer + ".bias"));
    }

    /// A vector or table as it is.
    Value weight(String name) {
        return graph.initializer(name, weights.tensor(name));
    }

    private Value blockProduct(Value x, String name, Tensor matrix, int block) {
        long rows = matrix.shape().dim(0);
        long inputs = matrix.shape().dim(1);
        long blocks = inputs / block;
        WeightMatrix asRows = WeightMatrix.of(name, matrix.reshape(rows * blocks, block));
        QuantizedMatrix codes = QuantizedMatrix.of(
                asRows, new WeightQuantizer.MinMax(), precision.bits(), RowTasks.parallel(CancellationToken.NONE));
        long blockBytes = (long) block * precision.bits() / 8;
        Tensor packed = new Tensor(
                DType.U8, Shape.of(rows, blocks, blockBytes), codes.codes().data());
        Attributes attributes = Attributes.of("K", inputs)
                .and("N", rows)
                .and("bits", precision.bits())
                .and("block_size", block)
                .and("accuracy_level", 1);
        return graph.op(
                OnnxOp.MatMulNBits,
                attributes,
                x,
                place(name, packed),
                place(name + ".steps", codes.steps().reshape(rows, blocks)),
                place(name + ".zeros", zeroPoints(codes.zeroPoints(), rows, blocks)));
    }

    /// U8 `[rows, blocks]`, or with 4 bits two to a byte, the even block in the low nibble and every row padded to a
    /// whole byte.
    private Tensor zeroPoints(Tensor zeros, long rows, long blocks) {
        if (precision.bits() == 8) {
            return zeros.reshape(rows, blocks);
        }
        long rowBytes = (blocks + 1) / 2;
        Tensor packed = Tensor.zeros(DType.U8, Shape.of(rows, rowBytes));
        for (long row = 0; row < rows; row++) {
            for (long block = 0; block < blocks; block++) {
                long at = row * rowBytes + block / 2;
                int nibble = zeros.data().get(ValueLayout.JAVA_BYTE, row * blocks + block);
                int shared = packed.data().get(ValueLayout.JAVA_BYTE, at);
                packed.data().set(ValueLayout.JAVA_BYTE, at, (byte) (shared | nibble << (4 * (block & 1))));
            }
        }
        return packed;
    }
}
