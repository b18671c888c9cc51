package dev.quantreel.engines.runtime.cuda.driver;

/// Memory of this process in a device's pool.
///
/// @param usedBytes held by [DeviceMemory] that is open
/// @param usedHighBytes most that was held at once since the pool was made
/// @param reservedBytes taken from the device, with what is kept for reuse
public record PoolUsage(long usedBytes, long usedHighBytes, long reservedBytes) {}
