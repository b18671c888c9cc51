package dev.quantreel.engines.dit;

import dev.quantreel.engines.onnx.Attributes;
import dev.quantreel.engines.onnx.OnnxGraphBuilder;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.Value;
import dev.quantreel.engines.quant.ActivationQuantizer;
import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.CodeValues;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.rotation.Rotation;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Emits quantized linears as two of Quantreel's own operators, [OnnxOp#RotateQuantize] and [OnnxOp#LowBitMatMul]: what
/// the kernels of its GPU engine do each in one pass. The weight goes in as the tiles of its codes, where they lie.
///
/// @param graph receives the nodes
/// @param scalars largest code and clip ratio of the activations
record FusedProducts(OnnxGraphBuilder graph, ActivationInputs.Scalars scalars) {

    /// What the kernels need the columns of a weight to be a multiple of.
    private static final int COLUMNS = 32;

    /// The widest activation that they quantize.
    private static final int MOST_COLUMNS = 16_384;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// An activation in integers.
    ///
    /// @param codes I8 `[batch, tokens, in]`
    /// @param scale F32 `[batch, tokens, 1]`
    /// @param sum I32 `[batch, tokens, 1]`, of the codes
    record Activation(Value codes, Value scale, Value sum) {}

    /// Whether the operators have this quantizer behind this rotation.
    static boolean fit(ActivationQuantizer quantizer, Optional<Rotation> rotation) {
        return mode(quantizer).isPresent() && rotation.map(FusedProducts::fit).orElse(true);
    }

    /// The kernels have signed blocks, which the operators name by size and seed.
    private static boolean fit(Rotation rotation) {
        return rotation.signedBlocks().filter(blocks -> !blocks.isPermuted()).isPresent();
    }

    /// Whether the operators have this weight: integers on one grid per row.
    static boolean fit(QuantizedMatrix matrix) {
        return matrix.columns() % COLUMNS == 0
                && matrix.columns() <= MOST_COLUMNS
                && matrix.isInteger()
                && !matrix.grids().areMultiples()
                && matrix.grids().groups() == 1
                && matrix.grids().values() instanceof CodeValues.Integers;
    }

    private static Optional<String> mode(ActivationQuantizer quantizer) {
        return switch (quantizer) {
            case ActivationQuantizer.Token _ -> Optional.of("token");
            case ActivationQuantizer.Block _ -> Optional.of("block");
            case ActivationQuantizer.RowNormalized _ -> Optional.of("row_norm");
            case ActivationQuantizer.Auto _ -> Optional.of("auto");
            case ActivationQuantizer.FullPrecision _,
                    ActivationQuantizer.BlockExact _,
                    ActivationQuantizer.TokenAsymmetric _,
                    ActivationQuantizer.Channel _,
                    ActivationQuantizer.ChannelToken _,
                    ActivationQuantizer.Centroids _,
                    ActivationQuantizer.DualScale _,
                    ActivationQuantizer.Unsigned _,
                    ActivationQuantizer.GeluAware _ -> Optional.empty();
        };
    }

    /// @param x F32 `[batch, tokens, in]`
    Activation quantized(ActivationQuantizer quantizer, Value x, Optional<Rotation> rotation) {
        int groupSize =
                switch (quantizer) {
                    case ActivationQuantizer.Block(int size, var _) -> size;
                    case ActivationQuantizer.Auto(ActivationQuantizer.Block block, var _) -> block.groupSize();
                    default -> 0;
                };
        Attributes attributes = Attributes.of("mode", mode(quantizer).orElseThrow())
                .and("block_size", rotation.map(Rotation::blockSize).orElse(0))
                .and("seed", rotation.map(Rotation::seed).orElse(0L))
                .and("group_size", groupSize);
        List<Value> parts = graph.op(OnnxOp.RotateQuantize, 3, attributes, x, scalars.max(), scalars.clip());
        return new Activation(parts.get(0), parts.get(1), parts.get(2));
    }

    /// F32 `[batch, tokens, out]`.
    Value product(Activation x, String layer, QuantizedMatrix matrix, Optional<Value> bias) {
        List<Value> inputs = new ArrayList<>(List.of(x.codes, x.scale, x.sum));
        inputs.add(graph.initializer(layer + ".steps", matrix.steps()));
        inputs.add(graph.initializer(layer + ".zero_points", zeroPoints(matrix)));
        inputs.add(bias.orElse(graph.none));
        inputs.add(graph.none);
        inputs.add(graph.none);
        for (CodeTiles.Tile tile : matrix.tiles().tiles()) {
            String name = layer + ".weight" + (tile.first() == 0 ? "" : "." + tile.first());
            inputs.add(graph.streamed(name, tile.codes()));
        }
        return graph.op(OnnxOp.LowBitMatMul, Attributes.of("bits", matrix.bits()), inputs.toArray(Value[]::new));
    }

    /// I32 `[out]`.
    private static Tensor zeroPoints(QuantizedMatrix matrix) {
        Tensor zeros = Tensor.zeros(DType.I32, Shape.of(matrix.rows()));
        for (int row = 0; row < matrix.rows(); row++) {
            zeros.data().set(INT, row * 4L, matrix.zeroPoint(row));
        }
        return zeros;
    }
}
