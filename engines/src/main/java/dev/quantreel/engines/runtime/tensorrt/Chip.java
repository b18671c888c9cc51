package dev.quantreel.engines.runtime.tensorrt;

/// A GPU as engines are tied to it.
///
/// @param name as the driver gives it, for example `NVIDIA H100 80GB HBM3`
/// @param major of the compute capability
/// @param minor of the compute capability
public record Chip(String name, int major, int minor) {

    /// As builders name architectures: 90 for compute capability 9.0.
    public int sm() {
        return 10 * major + minor;
    }

    @Override
    public String toString() {
        return name + " (sm_" + sm() + ")";
    }
}
