package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import java.util.List;
import java.util.Optional;

/// One thing to do on the device: a node of the graph with its operands in place.
///
/// @param op operator of the node
/// @param inputs as the node has them; empty where an optional one is left out
/// @param outputs as many as the node has
/// @param scratch memory for this step alone, where its kernels want some
/// @param block the block of a transformer that it belongs to, as in `blocks.3`; empty outside of blocks
public record Step(
        OnnxOp op,
        NodeProto node,
        List<Optional<Operand>> inputs,
        List<View> outputs,
        Optional<View> scratch,
        String block) {

    public Step {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    public NodeAttributes attributes() {
        return new NodeAttributes(node);
    }

    /// Which axes of the first input a reduction goes over.
    public boolean[] reducedAxes() {
        return ShapeRules.reducedAxes(
                attributes(),
                in(0).shape(),
                has(1) ? Optional.of(in(1).known("axes").longs()) : Optional.empty());
    }

    public boolean has(int input) {
        return input < inputs.size() && inputs.get(input).isPresent();
    }

    /// @throws IllegalArgumentException when it is left out
    public Operand in(int input) {
        if (!has(input)) {
            throw new IllegalArgumentException("input " + input + " is missing");
        }
        return inputs.get(input).orElseThrow();
    }

    /// An input on the device.
    public View view(int input) {
        return in(input).view();
    }

    public View out() {
        return outputs.getFirst();
    }

    @Override
    public String toString() {
        return node.getName() + " (" + op + ")";
    }
}
