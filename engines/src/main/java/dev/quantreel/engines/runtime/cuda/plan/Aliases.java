package dev.quantreel.engines.runtime.cuda.plan;

import dev.quantreel.engines.onnx.OnnxOp;
import dev.quantreel.engines.onnx.proto.Onnx.NodeProto;
import dev.quantreel.engines.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Operators whose result already lies in memory: as all of their input or as a run of it.
final class Aliases {

    private Aliases() {}

    /// The outputs as views of the first input; empty where something has to be moved.
    static Optional<List<View>> of(
            OnnxOp op, NodeProto node, List<Optional<Operand>> inputs, List<ShapeRules.Form> forms) {
        if (inputs.isEmpty() || !(inputs.getFirst().orElse(null) instanceof Operand.Stored(View x))) {
            return Optional.empty();
        }
        return switch (op) {
            case Identity, Reshape, Squeeze, Unsqueeze ->
                Optional.of(List.of(x.reshaped(forms.getFirst().shape())));
            case Cast -> x.dtype() == forms.getFirst().dtype() ? Optional.of(List.of(x)) : Optional.empty();
            case Expand ->
                forms.getFirst().shape().elements() == x.shape().elements()
                        ? Optional.of(List.of(x.reshaped(forms.getFirst().shape())))
                        : Optional.empty();
            case Concat -> inputs.size() == 1 ? Optional.of(List.of(x)) : Optional.empty();
            case Transpose ->
                keepsOrder(
                                ShapeRules.permutation(
                                        new NodeAttributes(node), x.shape().rank()),
                                x.shape())
                        ? Optional.of(List.of(x.reshaped(forms.getFirst().shape())))
                        : Optional.empty();
            case Slice ->
                SliceRange.of(new ShapeRules(op, new NodeAttributes(node), inputs))
                        .contiguous(x)
                        .filter(bytes -> isAligned(x, bytes))
                        .map(bytes -> List.of(x.part(bytes, forms.getFirst().shape())));
            case Split -> parts(node, x, forms);
            default -> Optional.empty();
        };
    }

    private static boolean isAligned(View x, long bytes) {
        return (x.offsetBytes() + bytes) % View.ALIGNMENT == 0;
    }

    /// Only axes of extent 1 change their place.
    private static boolean keepsOrder(int[] perm, Shape shape) {
        int last = -1;
        for (int axis : perm) {
            if (shape.dim(axis) != 1) {
                if (axis < last) {
                    return false;
                }
                last = axis;
            }
        }
        return true;
    }

    private static Optional<List<View>> parts(NodeProto node, View x, List<ShapeRules.Form> forms) {
        int axis = ShapeRules.axis(x.shape(), new NodeAttributes(node).integer("axis", 0));
        if (x.extent(0, axis) != 1) {
            return Optional.empty();
        }
        List<View> views = new ArrayList<>();
        long from = 0;
        for (ShapeRules.Form form : forms) {
            if (!isAligned(x, from)) {
                return Optional.empty();
            }
            views.add(x.part(from, form.shape()));
            from += form.dtype().byteSize(form.shape().elements());
        }
        return Optional.of(views);
    }
}
