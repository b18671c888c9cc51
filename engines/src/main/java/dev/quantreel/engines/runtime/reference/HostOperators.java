package dev.quantreel.engines.runtime.reference;

import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.onnx.proto.Onnx.TensorProto;
import dev.quantreel.engines.runtime.CancellationToken;
import dev.quantreel.engines.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Single operators in plain Java, for engines that compute shapes and other small values while they plan a graph.
public final class HostOperators {

    private HostOperators() {}

    /// The outputs of a node.
    ///
    /// @param node without branches or bodies
    /// @param inputs empty where an optional input is left out
    /// @throws IllegalArgumentException naming the node, when its inputs do not go together or there is no such
    /// operator
    public static List<Tensor> apply(NodeProto node, List<Optional<Tensor>> inputs) {
        List<Optional<NdArray>> arrays =
                inputs.stream().map(input -> input.map(NdArray::from)).toList();
        return new Interpreter(CancellationToken.NONE)
                .outputs(node, arrays, Map.of()).stream()
                        .limit(node.getOutputCount())
                        .map(NdArray::toTensor)
                        .toList();
    }

    /// The value of an initializer that is stored in the graph itself.
    public static Tensor inline(TensorProto initializer) {
        return ReferenceSession.inlineTensor(initializer);
    }
}
