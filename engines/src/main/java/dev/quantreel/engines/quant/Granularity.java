package dev.quantreel.engines.quant;

/// How many weights share one step and zero point.
public sealed interface Granularity {

    /// One grid for the whole matrix; the weakest, kept as a baseline.
    record PerTensor() implements Granularity {}

    /// One grid per row, that is per output channel.
    record PerRow() implements Granularity {}
}
