package dev.quantreel.engines.runtime.cuda;

import dev.quantreel.engines.runtime.cuda.plan.Planner;
import dev.quantreel.engines.tensor.Tensor;

/// What a run is given, found before the device's turn is taken: a tensor that is asked for its elements may
/// wait for that itself ([Resident]).
sealed interface RunInput {

    Tensor tensor();

    /// Elements on the host.
    record OnHost(Tensor tensor) implements RunInput {}

    /// A result of this device's runs.
    record OnDevice(Tensor tensor, Resident resident) implements RunInput {}

    /// Elements that a plan depends on, or that another engine holds, come to the host here.
    static RunInput of(CudaDeviceState device, Tensor tensor) {
        if (!Planner.isKnown(tensor)
                && tensor.residence().orElse(null) instanceof Resident resident
                && resident.isOn(device)) {
            return new OnDevice(tensor, resident);
        }
        tensor.data();
        return new OnHost(tensor);
    }
}
