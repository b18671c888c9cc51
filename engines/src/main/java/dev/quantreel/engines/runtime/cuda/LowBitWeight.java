package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.onnx.OnnxModel;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.quant.CodeTiles;
import dev.quantreel.engines.quant.QuantizedMatrix;
import dev.quantreel.engines.runtime.cuda.kernel.PackedWeights;
import dev.quantreel.engines.runtime.cuda.kernel.WeightPacker;
import dev.quantreel.engines.runtime.cuda.plan.NodeAttributes;
import dev.quantreel.engines.runtime.reference.HostOperators;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import dev.quantreel.engines.tensor.Tensor;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The weight of one low-bit product: codes, steps, zero points and bias, which become one array on the device.
///
/// @param name of that array
/// @param block that reads it
/// @param matrix of the graph's tiles
/// @param bias F32 `[rows]`
record LowBitWeight(String name, String block, QuantizedMatrix matrix, Optional<Tensor> bias) {

    /// Attributes that a low-bit product gets when its weight is packed.
    static final String ROWS = "rows";

    static final String COLUMNS = "columns";
    static final String BIAS = "has_bias";

    /// Attribute of the quantization of tokens whose codes may be packed.
    static final String PACKED = "packed";

    private static final int STEPS = 3;
    private static final int ZERO_POINTS = 4;
    private static final int BIAS_INPUT = 5;
    private static final int FIRST_TILE = 8;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// @param blocks that read a value, by name
    static LowBitWeight of(OnnxModel model, NodeProto node, Map<String, String> blocks) {
        List<String> inputs = node.getInputList();
        List<Tensor> codes = inputs.subList(FIRST_TILE, inputs.size()).stream()
                .map(tile -> initializer(model, tile))
                .toList();
        Tensor steps = initializer(model, inputs.get(STEPS));
        int rows = Math.toIntExact(steps.elements());
        CodeTiles tiles = CodeTiles.of(rows, new NodeAttributes(node).integer("bits", 4), codes);
        String name = inputs.get(FIRST_TILE) + "/packed";
        return new LowBitWeight(
                name,
                blocks.getOrDefault(inputs.get(FIRST_TILE), ""),
                QuantizedMatrix.of(name, tiles, steps, bytes(initializer(model, inputs.get(ZERO_POINTS)))),
                inputs.get(BIAS_INPUT).isEmpty()
                        ? Optional.empty()
                        : Optional.of(initializer(model, inputs.get(BIAS_INPUT))));
    }

    /// U8 of I32.
    private static Tensor bytes(Tensor integers) {
        Tensor bytes = Tensor.zeros(DType.U8, integers.shape());
        for (long i = 0; i < bytes.elements(); i++) {
            bytes.data().set(ValueLayout.JAVA_BYTE, i, (byte) integers.data().get(INT, 4 * i));
        }
        return bytes;
    }

    private static Tensor initializer(OnnxModel model, String name) {
        Tensor weight = model.weights().get(name);
        if (weight != null) {
            return weight;
        }
        TensorProto inline = model.proto().getGraph().getInitializerList().stream()
                .filter(initializer -> initializer.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(name + " is no initializer"));
        return HostOperators.inline(inline);
    }

    int rows() {
        return matrix.rows();
    }

    int columns() {
        return matrix.columns();
    }

    boolean hasBias() {
        return bias.isPresent();
    }

    WeightSource source() {
        WeightPacker packer = WeightPacker.of(matrix);
        return new WeightSource(
                name,
                block,
                DType.U8,
                Shape.of(PackedWeights.bytes(packer.layout())),
                new WeightSource.Content.Made(target -> packer.write(
                        target,
                        Runtime.getRuntime().availableProcessors(),
                        bias.map(Tensor::toFloatArray).orElseGet(() -> new float[0]))));
    }
}
