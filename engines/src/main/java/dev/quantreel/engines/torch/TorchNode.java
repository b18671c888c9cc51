package dev.quantreel.engines.torch;

import ai.djl.ndarray.NDArray;
import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.AttributeProto;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.Conversions;
import dev.quantreel.engines.tensor.Tensor;
import java.util.Optional;
import java.util.stream.LongStream;

/// One node with the values that it reads and typed access to its attributes.
record TorchNode(NodeProto node, TorchValues values) {

    OnnxOp op() {
        return OnnxOp.valueOf(node.getOpType());
    }

    boolean has(int index) {
        return index < node.getInputCount() && !node.getInput(index).isEmpty();
    }

    /// An input as floats on which gradients may hang.
    NDArray in(int index) {
        return values.array(node.getInput(index));
    }

    /// An input that is known before the graph runs; empty where it is an activation.
    Optional<Tensor> known(int index) {
        return values.known(node.getInput(index));
    }

    /// An input that says where or how much: a shape, axes, bounds.
    long[] longs(int index) {
        Tensor tensor = known(index)
                .orElseThrow(() -> new IllegalArgumentException(
                        "input " + index + " depends on activations; only what follows from shapes is supported"));
        float[] floats = Conversions.toFloatArray(tensor);
        return LongStream.range(0, floats.length)
                .map(i -> (long) floats[(int) i])
                .toArray();
    }

    /// An input that is one number.
    float number(int index) {
        Tensor tensor =
                known(index).orElseThrow(() -> new IllegalArgumentException("input " + index + " is not a constant"));
        if (tensor.elements() != 1) {
            throw new IllegalArgumentException("input " + index + " is " + tensor.shape() + ", not one number");
        }
        return Conversions.toFloatArray(tensor)[0];
    }

    int integer(String name, int otherwise) {
        return attribute(name).map(a -> Math.toIntExact(a.getI())).orElse(otherwise);
    }

    float real(String name, float otherwise) {
        return attribute(name).map(AttributeProto::getF).orElse(otherwise);
    }

    String text(String name, String otherwise) {
        return attribute(name).map(a -> a.getS().toStringUtf8()).orElse(otherwise);
    }

    int[] integers(String name) {
        return attribute(name)
                .map(a -> a.getIntsList().stream().mapToInt(Math::toIntExact).toArray())
                .orElseGet(() -> new int[0]);
    }

    Optional<AttributeProto> attribute(String name) {
        return node.getAttributeList().stream()
                .filter(a -> a.getName().equals(name))
                .findFirst();
    }

    /// Number of an axis of an input that may be counted from the end.
    static int axis(NDArray x, long axis) {
        int rank = x.getShape().dimension();
        return Math.toIntExact(axis < 0 ? axis + rank : axis);
    }
}
