package dev.quantreel.engines.text;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.onnx.Widening;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Tensor;

/// Emits the matrix products of an encoder at its precision. Weights are decoded one tensor at a time; what stays is
/// the codes.
///
/// @param graph receives the nodes
record EncoderLinears(OnnxGraphBuilder graph, EncoderWeights weights) {

    /// Levels of `MatMulNBits`. With 8 bits ONNX Runtime packs weights for integer products only, where activations are
    /// rounded to 8 bits per block and token; single precision would unpack all weights at every prompt.
    private static final int F32_PRODUCTS = 1;

    private static final int INT8_PRODUCTS = 4;

    /// Elements from which on a weight of full precision is read where it lies instead of copied into the session.
    private static final long STREAMED_FROM = 1 << 20;

    /// `x Wᵀ`.
    ///
    /// @param name of a matrix `[out, in]`
    Value product(Value x, String name) {
        int inputs = Math.toIntExact(weights.stored().checkpoint().shape(name).dim(1));
        int block = weights.precision().isFull() ? 0 : weights.precision().blockFor(inputs);
        return block == 0 ? graph.op(OnnxOp.MatMul, x, wide(name, x)) : blockProduct(x, name, block);
    }

    /// F32 `[in, out]`. A large matrix is read from the file at every run and widened there, when its turn has come
    /// ([Widening]); ONNX Runtime fuses the transposition into the product.
    private Value wide(String name, Value x) {
        if (weights.stored().checkpoint().shape(name).elements() < STREAMED_FROM) {
            return graph.initializer(name, weights.stored().transposed(name));
        }
        Tensor stored = weights.stored().stored(name);
        Value streamed = graph.streamed(name, stored);
        Value wide = stored.dtype() == DType.F32
                ? streamed
                : Widening.after(graph, x).floats(streamed);
        return graph.op(OnnxOp.Transpose, Attributes.ints("perm", 1, 0), wide);
    }

    /// `x Wᵀ + b`.
    ///
    /// @param layer name without `.weight` and `.bias`
    Value linear(Value x, String layer) {
        return graph.op(OnnxOp.Add, product(x, layer + ".weight"), weight(layer + ".bias"));
    }

    /// A vector or table as it is.
    Value weight(String name) {
        return graph.initializer(name, weights.stored().tensor(name));
    }

    private Value blockProduct(Value x, String name, int block) {
        BlockCodes.NamedMatrix matrix = new BlockCodes.NamedMatrix(
                weights.stored().checkpoint().source(),
                name,
                weights.stored().checkpoint().tensor(name));
        BlockCodes codes = BlockCodes.of(matrix, weights.precision(), block, weights.arena());
        Attributes attributes = Attributes.of("K", matrix.columns())
                .and("N", matrix.rows())
                .and("bits", weights.precision().bits())
                .and("block_size", block)
                .and("accuracy_level", weights.precision().bits() == 8 ? INT8_PRODUCTS : F32_PRODUCTS);
        return graph.op(
                OnnxOp.MatMulNBits,
                attributes,
                x,
                graph.initializer(name, codes.codes()),
                graph.initializer(name + ".steps", codes.steps()),
                graph.initializer(name + ".zeros", codes.zeros()));
    }
}
