package dev.quantreel.engines.runtime.cuda.driver;

/// Version of CUDA that a driver or library supports.
public record CudaVersion(int major, int minor) {

    /// @param code as CUDA's functions return it, for example 13010 for 13.1
    public static CudaVersion of(int code) {
        return new CudaVersion(code / 1000, code % 1000 / 10);
    }

    public boolean isAtLeast(int wantedMajor, int wantedMinor) {
        return major > wantedMajor || (major == wantedMajor && minor >= wantedMinor);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
