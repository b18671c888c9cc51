package dev.quantreel.engines.gpucheck;

import java.time.Duration;
import java.util.List;

/// A part of the check with a process of its own; found through [java.util.ServiceLoader].
///
/// Contract: the constructor does no work and loads nothing native.
public interface GpuCheckItem {

    /// One word, for the command line.
    String id();

    /// Lower comes first: what everything else rests on, then what is worth most.
    int order();

    /// What it may take on a GPU, the start of its process included.
    Duration limit();

    /// What it proves, or refutes.
    List<Claim> claims();

    /// Whatever can be done without a device: files are read, graphs built, kernels found. Says what it found as
    /// notes; results belong to [#measure].
    ///
    /// @throws Exception when something is missing, with a message that names it
    void prepare(CheckContext context) throws Exception;

    /// Measures on the device, after [#prepare] in the same process.
    ///
    /// @throws Exception when it breaks, with a message that names what
    void measure(CheckContext context) throws Exception;
}
