package dev.quantreel.engines.runtime.cuda.driver;

import java.util.Comparator;

/// Generation of a chip, for example 9.0 of H100; decides which machine code it runs.
public record ComputeCapability(int major, int minor) implements Comparable<ComputeCapability> {

    /// As nvcc names it, for example `sm_90`.
    public String architecture() {
        return "sm_" + major + minor;
    }

    /// @param number as in `sm_90`: 10 times major plus minor
    public boolean isAtLeast(int number) {
        return number() >= number;
    }

    /// As in `sm_90`: 10 times major plus minor.
    public int number() {
        return major * 10 + minor;
    }

    @Override
    public int compareTo(ComputeCapability other) {
        return Comparator.comparingInt(ComputeCapability::number).compare(this, other);
    }

    @Override
    public String toString() {
        return major + "." + minor;
    }
}
