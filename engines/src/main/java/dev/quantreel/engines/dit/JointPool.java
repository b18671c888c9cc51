package dev.quantreel.engines.dit;

import dev.quantreel.engines.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What both branches of guidance have for a trunk that runs them at once, see [BranchAxis].
///
/// @param conditional by input name of a trunk of one branch
/// @param unconditional like `conditional`
record JointPool(Map<String, Tensor> conditional, Map<String, Tensor> unconditional) {

    /// What the trunk of both takes.
    ///
    /// @param declared names of its inputs
    /// @throws IllegalStateException when the branches differ in something that the trunk has one input for
    Map<String, Tensor> inputs(List<String> declared) {
        Map<String, Tensor> inputs = new HashMap<>();
        for (String name : declared) {
            if (name.startsWith(BranchAxis.SECOND)) {
                Tensor own = unconditional.get(name.substring(BranchAxis.SECOND.length()));
                if (own != null) {
                    inputs.put(name, own);
                }
            } else if (conditional.containsKey(name)) {
                Tensor first = Pools.required(conditional, name);
                inputs.put(
                        name,
                        declared.contains(BranchAxis.SECOND + name)
                                ? first
                                : common(name, first, Pools.required(unconditional, name)));
            }
        }
        return inputs;
    }

    /// A table that is longer in one branch, because its text is, begins like the shorter one.
    private static Tensor common(String name, Tensor a, Tensor b) {
        if (a == b) {
            return a;
        }
        Tensor longer = a.elements() >= b.elements() ? a : b;
        Tensor shorter = longer == a ? b : a;
        long bytes = shorter.dtype().byteSize(shorter.elements());
        if (longer.data().asSlice(0, bytes).mismatch(shorter.data()) != -1) {
            throw new IllegalStateException("the branches differ in " + name + ", " + a.shape() + " and " + b.shape()
                    + ", which a pass of both has in common");
        }
        return longer;
    }
}
