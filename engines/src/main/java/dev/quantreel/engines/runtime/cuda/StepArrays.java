package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.kernel.DeviceArray;
import dev.quantreel.engines.runtime.cuda.plan.NodeAttributes;
import dev.quantreel.engines.runtime.cuda.plan.Operand;
import dev.quantreel.engines.runtime.cuda.plan.Step;
import dev.quantreel.engines.runtime.cuda.plan.View;
import dev.quantreel.engines.tensor.DType;
import dev.quantreel.engines.tensor.Shape;
import java.util.Optional;

/// The operands of a step as the launchers take them.
///
/// @param step of a plan
/// @param addresses of this run
record StepArrays(Step step, StepKernels.Addresses addresses) {

    NodeAttributes attributes() {
        return step.attributes();
    }

    boolean has(int input) {
        return step.has(input);
    }

    DeviceArray in(int input) {
        return array(step.view(input));
    }

    Optional<DeviceArray> optional(int input) {
        return has(input) ? Optional.of(in(input)) : Optional.empty();
    }

    DeviceArray[] inputs() {
        DeviceArray[] arrays = new DeviceArray[step.inputs().size()];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = in(i);
        }
        return arrays;
    }

    DeviceArray out() {
        return array(step.out());
    }

    DeviceArray out(int output) {
        return array(step.outputs().get(output));
    }

    /// An input whose contents the host knows.
    Operand.Known known(int input) {
        return step.in(input).known("input " + input);
    }

    /// Part of the step's scratch memory.
    DeviceArray scratch(long offsetBytes, DType dtype, Shape shape) {
        View view = step.scratch().orElseThrow(() -> new IllegalStateException(step + " has no scratch memory"));
        return new DeviceArray(addresses.of(view).slice(offsetBytes, dtype.byteSize(shape.elements())), dtype, shape);
    }

    DeviceArray array(View view) {
        return new DeviceArray(addresses.of(view), view.dtype(), view.shape());
    }
}
