package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.ComputeCapability;

/// Where the compiled form of a unit (a `.cu` file) comes from.
@FunctionalInterface
public interface KernelImages {

    /// An image that the driver loads: fatbin, cubin or PTX.
    ///
    /// @param unit name of the source file without its ending, for example `rotate_quantize`
    /// @param chip that will run it
    /// @throws KernelException when there is none
    byte[] image(String unit, ComputeCapability chip);

    /// Machine code of this build where nvcc was there when it was made, else what NVRTC compiles now.
    static KernelImages packed() {
        return (unit, chip) -> {
            byte[] fatbin = KernelSources.fatbin(unit);
            return fatbin.length > 0 ? fatbin : CompiledImages.find(unit).image(unit, chip);
        };
    }
}
