package dev.quantreel.engines.runtime.cuda.kernel;

import dev.quantreel.engines.runtime.cuda.driver.CudaFunction;

/// Where launchers get their kernels from: a loaded module, or a library of several.
@FunctionalInterface
public interface KernelSource {

    /// @param name of a kernel in its source, `qr_...`
    /// @throws RuntimeException when there is none of this name, naming it
    CudaFunction function(String name);
}
