package dev.quantreel.engines.runtime.cuda.driver;

/// Memory of a GPU as the driver counts it, over all processes.
///
/// @param freeBytes what an allocation could have; memory that the pool keeps for reuse is not in it
/// @param totalBytes memory of the device
public record MemoryInfo(long freeBytes, long totalBytes) {}
