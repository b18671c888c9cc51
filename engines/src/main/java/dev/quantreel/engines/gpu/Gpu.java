package dev.quantreel.engines.gpu;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;
import java.util.Optional;
import java.util.OptionalLong;

/// A GPU of this machine.
///
/// @param index position in the driver's list, from 0
/// @param name for example `NVIDIA H100 80GB HBM3`
/// @param capability generation of the chip
/// @param totalMemoryBytes memory of the device
/// @param freeMemoryBytes free when it was asked, with the context that asking needs gone again; empty where no
///     context could be opened, which [#memoryProblem] explains
/// @param memoryProblem why the free memory is not known
/// @param uuid of the board, `GPU-...`; empty where the driver tells none
public record Gpu(
        int index,
        String name,
        ComputeCapability capability,
        long totalMemoryBytes,
        OptionalLong freeMemoryBytes,
        Optional<String> memoryProblem,
        Optional<String> uuid) {

    /// What its tensor cores multiply natively.
    public NativeFormats formats() {
        return NativeFormats.of(capability);
    }
}
